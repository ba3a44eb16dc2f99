"""The agent's tools. A model sees only these names, types and docstrings, so they are written for it.

Every tool documents five things: a clear name, its parameters, what it returns, its errors, and when to use it.
What fails for a moment is tried again, changes too: the same request has the same outcome, however often it is made.
What is changed for the user, the user is asked to confirm first.
"""

from __future__ import annotations

from typing import Any, Literal

from agentcore_kit.runtime.retries import RetryPolicy
from agentcore_kit.serving import confirm, tool_error
from pydantic import Field
from strands import ToolContext, tool
from strands.types.tools import AgentTool

from agent.backend import Backend, NotFound, SampleData, Unavailable

System = Literal["email", "crm", "erp", "laptop"]
Software = Literal["Salesforce", "Jira", "Figma", "SAP", "Slack", "Tableau"]

LOOKUP = RetryPolicy(attempts=3, timeout_seconds=2.0)
CHANGE = RetryPolicy(attempts=3, timeout_seconds=5.0)

backend: Backend = SampleData()


@tool(name="resetPassword", context=True)
async def reset_password(
    tool_context: ToolContext,
    system: System,
    userId: str = Field(pattern=r"^[a-z]{2,12}\d{1,2}$"),
) -> dict[str, Any]:
    """Starts the password reset of one user in one system: a link to set a new password is sent.

    Use when the user forgot a password, it expired or does not work, the account is locked, or they cannot log in, log
    into or sign in to a system. The user is asked to confirm before the link is sent; call it without asking yourself.

    Args:
        system: Where the password is for. email (mail, e-mail, Outlook, mailbox), crm (Salesforce), erp (SAP), laptop
            (Windows, computer, PC, notebook).
        userId: The user id: lower-case letters and one or two digits, for example jdoe1. Never guess it: ask the user
            for it when it was not said.

    Returns:
        {"userId": "jdoe1", "system": "email", "status": "link sent", "validMinutes": 30}

    Errors:
        404 when there is no such user, or no account of the user in the system: ask the user to check both.
        503 when the account service is unavailable after three tries: tell the user to try again later.
    """
    try:
        if not await LOOKUP.call(backend.has_account, userId, system):
            return tool_error(404, f"{userId} has no account in {system}; check the system")
        confirm(
            tool_context,
            f"Shall I send a link that sets a new password for {system} to user {userId}? Please answer yes or no.",
        )
        await CHANGE.call(backend.send_reset_link, userId, system)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the account service is unavailable; try again in a few minutes")
    return {"userId": userId, "system": system, "status": "link sent", "validMinutes": 30}


@tool(name="checkVPNStatus")
async def check_vpn_status(userId: str = Field(pattern=r"^[a-z]{2,12}\d{1,2}$")) -> dict[str, Any]:
    """Retrieves whether the VPN of one user works: connected, disconnected or blocked, and why.

    Use when the VPN does not connect, keeps disconnecting, drops, is down or slow, or when the user cannot reach the
    company network from home or on the road. Call it once for each user. Do not use for Wi-Fi: use searchKnowledgeBase.

    Args:
        userId: The user id: lower-case letters and one or two digits, for example jdoe1. Never guess it: ask the user
            for it when it was not said.

    Returns:
        {"userId": "jdoe1", "status": "disconnected", "reason": "the certificate ran out on 2026-11-12",
        "lastConnected": "2026-11-11"}

    Errors:
        404 when there is no such user: ask the user to check the user id.
        503 when the VPN gateway is unavailable after three tries: tell the user to try again later.
    """
    try:
        state = await LOOKUP.call(backend.vpn, userId)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the VPN gateway is unavailable; try again in a few minutes")
    return {
        "userId": userId,
        "status": state.status,
        "reason": state.reason or "it works",
        "lastConnected": state.last_connected,
    }


@tool(name="requestSoftwareAccess", context=True)
async def request_software_access(
    tool_context: ToolContext,
    software: Software,
    justification: str = Field(min_length=3, max_length=500),
    userId: str = Field(pattern=r"^[a-z]{2,12}\d{1,2}$"),
) -> dict[str, Any]:
    """Requests access to a software product for one user, for whoever approves it, and returns the request's number.

    Use when the user needs access to, a licence for, a seat or an account in a software product. The user is asked to
    confirm before it is requested; call it without asking yourself. The same is not requested twice. Do not use for
    installing a program: use searchKnowledgeBase. Do not use for admin rights, nor for the mailbox of a colleague.

    Args:
        software: The product, as the catalogue names it. When it is none of these, offer to open a ticket.
        justification: The business reason why the user needs it, in the user's own words. Of words in quotation marks,
            exactly these. Ask the user for it when it was not said.
        userId: The user id: lower-case letters and one or two digits, for example jdoe1. Never guess it: ask the user
            for it when it was not said.

    Returns:
        {"requestId": "REQ-301", "userId": "jdoe1", "software": "Jira", "approver": "engineering tools",
        "workingDays": 1}

    Errors:
        404 when there is no such user: ask the user to check the user id.
        503 when the request system is unavailable after three tries: tell the user to try again later.
    """
    try:
        await LOOKUP.call(backend.vpn, userId)  # so that nobody is asked about a request that cannot be
        confirm(
            tool_context,
            f"Shall I request access to {software} for user {userId}? The reason: “{justification}” "
            "Please answer yes, or say what should be different.",
        )
        request = await CHANGE.call(backend.request_access, userId, software, justification)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the request system is unavailable; try again in a few minutes")
    return {
        "requestId": request.number,
        "userId": userId,
        "software": software,
        "approver": request.approver,
        "workingDays": request.working_days,
    }


@tool(name="searchKnowledgeBase")
async def search_knowledge_base(query: str = Field(min_length=2, max_length=200)) -> dict[str, Any]:
    """Retrieves the articles of the knowledge base that help with a technical problem: the steps to follow.

    Use when the user has a technical problem or asks how to install, set up, configure or fix something: Wi-Fi,
    printer, screen, headset, Teams, Slack, a slow laptop or computer, the authenticator app (2FA), e-mail on the phone.
    Do not use for passwords and locked accounts: use resetPassword. Do not use for the VPN: use checkVPNStatus.

    Args:
        query: What the problem is, in the user's own words, for example "printer does not print".

    Returns:
        {"articles": [{"id": "KB-103", "title": "Printer does not print", "steps": ["Look whether ...", "..."]}]}

    Errors:
        404 when no article fits: offer to open a ticket.
        503 when the knowledge base is unavailable after three tries: tell the user to try again later.
    """
    try:
        articles = await LOOKUP.call(backend.articles, query)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the knowledge base is unavailable; try again in a few minutes")
    return {"articles": [{"id": one.number, "title": one.title, "steps": list(one.steps)} for one in articles]}


@tool(name="createITTicket", context=True)
async def create_it_ticket(
    tool_context: ToolContext,
    subject: str = Field(min_length=3, max_length=200),
    userId: str = Field(pattern=r"^[a-z]{2,12}\d{1,2}$"),
) -> dict[str, Any]:
    """Creates a ticket with the service desk, so that a person takes care of a problem, and returns its number.

    Use when the user wants to create, open, raise, file, log or submit a ticket or a case, to report something that is
    broken, or a person from IT to help or to call back. The user is asked to confirm before it is created; call it
    without asking yourself. A ticket about the same is not created twice: its number is returned. Do not use when the
    user only asks how something is done: use searchKnowledgeBase.

    Args:
        subject: What is wrong, in the user's own words. Of words in quotation marks, exactly these.
        userId: The user id: lower-case letters and one or two digits, for example jdoe1. Never guess it: ask the user
            for it when it was not said.

    Returns:
        {"ticketId": "IT-7001", "userId": "jdoe1", "subject": "The keyboard is broken", "status": "open"}

    Errors:
        404 when there is no such user: ask the user to check the user id.
        503 when the ticket system is unavailable after three tries: tell the user to try again later.
    """
    try:
        await LOOKUP.call(backend.vpn, userId)  # so that nobody is asked about a ticket that cannot be
        confirm(
            tool_context,
            f"Shall I open this ticket with the service desk for user {userId}? “{subject}” "
            "Please answer yes, or say what should be different.",
        )
        number = await CHANGE.call(backend.open_ticket, userId, subject)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the ticket system is unavailable; try again in a few minutes")
    return {"ticketId": number, "userId": userId, "subject": subject, "status": "open"}


TOOLS: list[AgentTool] = [
    reset_password,
    check_vpn_status,
    request_software_access,
    search_knowledge_base,
    create_it_ticket,
]
