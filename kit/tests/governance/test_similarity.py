"""Near-duplicates: measured on components that do the same, and on such of one domain that do not."""

from __future__ import annotations

from itertools import combinations

import pytest

from agentcore_kit.governance.similarity import near_duplicates

TEXTS = {
    "postgres-query": "Runs read-only SQL queries on the customer database in Postgres and returns "
    "rows.\nqueryDatabase: Runs a SQL query on the customer database. Use when the user asks for "
    "rows of a table.\nlistTables: Lists the tables of the database.",
    "sql-connector": "Connects agents to company databases: executes SQL and returns the rows as a table.\nrunSql: "
    "Executes one read-only SQL statement on a database.\ndescribeTable: Shows the columns of a "
    "table.",
    "db-reader": "Database connector for analysts. Reads tables of the data warehouse with SQL.\nexecuteQuery: "
    "Executes a SQL query on the warehouse and returns rows.",
    "market-data": "Serves market figures.\ngetMarketData: Retrieves the latest indicator of the whole market "
    "(the industry, all companies together) for one region.\nlistWatchedMarkets: Lists the "
    "markets that the user watches.",
    "market-insights": "Market indicators by region for agents.\ngetMarketIndicator: Returns the latest market "
    "indicator of a region, such as market size or sales.\ncompareMarkets: Compares two regions.",
    "revenue": "Answers questions about revenue, growth and markets. Revenue of EMEA, APAC and AMER by "
    "quarter, growth between quarters, summaries for executives.",
    "hr-tickets": "Creates and lists tickets of human resources.\ncreateHRTicket: Opens a ticket for human resources.",
    "it-tickets": "Opens and tracks incidents of the IT service desk.\ncreateIncident: Opens an incident for a device.",
    "vacation": "Knows how many days of vacation an employee has.\ngetVacationBalance: Returns the days that are left.",
    "payroll": "Salary statements of employees.\ngetPayslip: Returns the payslip of a month of an employee.",
    "claims": "Processes insurance claims.\ncreateClaim: Files a claim of a policy holder.\ngetClaimStatus: "
    "Tells the status of a claim.\napproveClaim: Approves the payment of a claim.",
    "claim-intake": "Files new insurance claims from customers.\nfileClaim: Files an insurance claim for a "
    "policy.\nclaimStatus: Returns the state of an insurance claim.",
    "policies": "Looks up insurance policies of customers.\ngetPolicy: Returns cover, premium and holder of a "
    "policy.\nlistPolicies: Lists the policies of a customer.",
    "exchange": "Exchange rates between currencies.\ngetRate: Returns the rate of a day between two currencies.",
    "fx-rates": "Foreign currency exchange rates.\nconvertCurrency: Converts an amount between currencies at "
    "the day's rate.",
    "doc-search": "Searches company documents and policies by meaning.\nsearchDocuments: Finds passages for a "
    "question.",
    "knowledge-base": "Semantic search over the company's document knowledge base.\nsearch: Finds passages of "
    "documents.",
    "crm": "Reads and changes customers in the customer relationship system.\ngetCustomer: Returns a customer.",
}

SAME = {
    frozenset(pair)
    for group in (
        ("postgres-query", "sql-connector", "db-reader"),
        ("market-data", "market-insights"),
        ("claims", "claim-intake"),
        ("exchange", "fx-rates"),
        ("doc-search", "knowledge-base"),
    )
    for pair in combinations(group, 2)
}
"""What a person would call the same; all others are different things, some of one domain."""


def test_in_a_large_catalog_those_that_do_the_same_are_found_and_no_others() -> None:
    found = {frozenset((name, one.name)) for name, near in near_duplicates(TEXTS).items() for one in near}
    assert found == SAME


@pytest.mark.parametrize("pair", list(combinations(TEXTS, 2)), ids="-".join)
def test_with_nothing_else_in_the_catalog_it_is_the_same(pair: tuple[str, str]) -> None:
    assert bool(near_duplicates({name: TEXTS[name] for name in pair})) == (frozenset(pair) in SAME)


def test_the_nearest_comes_first_with_the_words_that_both_have() -> None:
    first = near_duplicates(TEXTS)["claims"][0]
    assert first.name == "claim-intake"
    assert "claim" in first.words


def test_components_that_say_nothing_are_alike_to_nobody() -> None:
    assert near_duplicates({"one": "", "other": "", "third": "the and of"}) == {}
