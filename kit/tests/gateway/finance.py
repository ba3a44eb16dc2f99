"""Policies of the tests, by the names of their files."""

_HEAD = 'resource == AgentCore::Gateway::"${gateway}")'

FINANCE = {
    "finance_settles": '@id("finance_settles")\n'
    'permit(principal is AgentCore::OAuthUser, action == AgentCore::Action::"claims___settle", ' + _HEAD + "\n"
    'when { principal.hasTag("department") && principal.getTag("department") == "finance" '
    "&& context.input.amount < 1000 };",
    "everybody_reads": '@id("everybody_reads")\n'
    'permit(principal is AgentCore::OAuthUser, action == AgentCore::Action::"claims___read", ' + _HEAD + ";",
    "archive_is_closed": '@id("archive_is_closed")\n'
    'forbid(principal is AgentCore::OAuthUser, action == AgentCore::Action::"claims___read", ' + _HEAD + "\n"
    "when { context.input.amount == 2020 };",
}
"""Finance settles what is below 1,000; everybody reads, but nobody the archive of 2020."""

EVERYTHING = {"all": '@id("all")\npermit(principal is AgentCore::OAuthUser, action, ' + _HEAD + ";"}
"""Everybody may call every tool."""

PAYROLL = EVERYTHING | {
    "no_payroll": '@id("no_payroll")\n'
    'forbid(principal is AgentCore::OAuthUser, action == AgentCore::Action::"office___export_payroll", ' + _HEAD + "\n"
    'unless { principal.hasTag("department") && principal.getTag("department") == "hr" };'
}
"""Everybody may call every tool, but only human resources may export the payroll."""
