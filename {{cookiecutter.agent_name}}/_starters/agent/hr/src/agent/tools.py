"""The agent's tools. A model sees only these names, types and docstrings, so they are written for it.

Every tool documents five things: a clear name, its parameters, what it returns, its errors, and when to use it.
A look-up that fails for a moment is tried again. So is opening a ticket: the same request is the same ticket, however
often it is made. What is changed for the user, the user is asked to confirm first.
"""

from __future__ import annotations

from typing import Any, Literal

from agentcore_kit.runtime.retries import RetryPolicy
from agentcore_kit.serving import confirm, tool_error
from pydantic import Field
from strands import ToolContext, tool
from strands.types.tools import AgentTool

from agent.backend import Backend, NotFound, SampleData, Unavailable

Region = Literal["DE", "FR", "UK"]
Category = Literal["leave", "benefits", "payroll", "policy", "other"]

LOOKUP = RetryPolicy(attempts=3, timeout_seconds=2.0)
TICKET = RetryPolicy(attempts=3, timeout_seconds=5.0)

backend: Backend = SampleData()


@tool(name="checkVacationBalance")
async def check_vacation_balance(employeeId: str = Field(pattern=r"^E\d{4}$")) -> dict[str, Any]:
    """Retrieves the vacation balance of one employee: the days of leave that are granted, taken and still left.

    Use when the user asks how many vacation days, days off, leave days, annual leave, holiday allowance or PTO they
    have, how much is left, remaining, taken, used or carried over, or whether they can take time off next week, take a
    day off or go on vacation. Call it once for each employee. Do not use for public holidays and office closures: use
    getUpcomingHolidays. Do not use for the rules of leave: use getPolicy.

    Args:
        employeeId: The employee number of the user. It is the letter E and four digits, for example E1001. Never guess
            it: ask the user for it when it was not said.

    Returns:
        {"employeeId": "E1001", "entitlement": 30.0, "carriedOver": 2.5, "taken": 18.0, "remaining": 14.5,
        "unit": "days", "asOf": "2026-11-01"}

    Errors:
        404 when there is no such employee: ask the user to check the number.
        503 when the personnel system is unavailable after three tries: tell the user to try again later.
    """
    try:
        balance = await LOOKUP.call(backend.balance, employeeId)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the personnel system is unavailable; try again in a few minutes")
    return {
        "employeeId": employeeId,
        "entitlement": balance.entitlement,
        "carriedOver": balance.carried_over,
        "taken": balance.taken,
        "remaining": balance.remaining,
        "unit": "days",
        "asOf": balance.as_of,
    }


@tool(name="getPolicy")
async def get_policy(policyName: str = Field(min_length=1, max_length=80)) -> dict[str, Any]:
    """Retrieves one company policy from the employee handbook: the rule, the steps to follow, and whom to contact.

    Use when the user asks for a policy, rule, guideline or regulation, what the handbook says, what is allowed, what
    they are entitled to, or how to enroll, sign up, apply, register, claim or submit something: parental leave, annual
    leave, sick leave, remote work, health insurance, pension, travel expenses, training and benefits. Call it once for
    each policy. Do not use for the number of days that one employee has left: use checkVacationBalance.

    Args:
        policyName: The policy, e.g. "parental leave", "annual leave", "sick leave", "remote work", "health insurance",
            "pension", "travel expenses", "training". Also said: parental leave (maternity, paternity, having a baby);
            annual leave (carry over, unused days); sick leave (sick note, ill, illness); remote work (working from
            home, work from home, home office, WFH); health insurance (dental, health plan); pension (saving for
            retirement); travel expenses (business trip, hotel bill); training (budget, conference).

    Returns:
        {"policyName": "parental leave", "text": "Parents may take ...", "steps": ["Tell your manager ...", "..."],
        "contact": "leave team"}

    Errors:
        404 when there is no such policy: tell the user which policies there are.
        503 when the handbook is unavailable after three tries: tell the user to try again later.
    """
    try:
        policy = await LOOKUP.call(backend.policy, policyName)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the handbook is unavailable; try again in a few minutes")
    return {"policyName": policy.name, "text": policy.text, "steps": list(policy.steps), "contact": policy.contact}


@tool(name="createHRTicket", context=True)
async def create_hr_ticket(
    tool_context: ToolContext,
    category: Category,
    employeeId: str = Field(pattern=r"^E\d{4}$"),
    description: str = Field(min_length=3, max_length=1000),
) -> dict[str, Any]:
    """Creates a ticket with the HR team, so that a person takes care of a request, and returns its number.

    Use when the user wants to create, open, raise, file, log or submit a ticket, a case or a request with HR, to report
    a problem to HR, or to be contacted or called back by HR. The user is asked to confirm before it is created; call it
    without asking yourself. A ticket about the same is not created twice: its number is returned. Do not use when the
    user only asks a question.

    Args:
        category: What the ticket is about. leave (vacation, absence, time off, parental leave, sick leave), benefits
            (insurance, pension, health plan), payroll (payslip, pay slip, tax form, bank account), policy (rule,
            handbook, guideline), other (anything else, certificate, equipment, something else).
        employeeId: The employee number of the user. It is the letter E and four digits, for example E1001. Never guess
            it: ask the user for it when it was not said.
        description: What HR should do, in the user's own words. Of words in quotation marks, exactly these.

    Returns:
        {"ticketId": "HR-5001", "employeeId": "E1001", "category": "payroll", "status": "open"}

    Errors:
        404 when there is no such employee: ask the user to check the number.
        503 when the ticket system is unavailable after three tries: tell the user to try again later.
    """
    try:
        await LOOKUP.call(backend.balance, employeeId)  # so that nobody is asked about a ticket that cannot be
        confirm(
            tool_context,
            f"Shall I open this ticket with the HR team? Employee {employeeId}, category {category}: “{description}” "
            "Please answer yes, or say what should be different.",
        )
        ticket = await TICKET.call(backend.open_ticket, employeeId, category, description)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the ticket system is unavailable; try again in a few minutes")
    return {"ticketId": ticket.number, "employeeId": employeeId, "category": category, "status": "open"}


@tool(name="getUpcomingHolidays")
async def get_upcoming_holidays(year: int, region: Region) -> dict[str, Any]:
    """Retrieves the public holidays of one region in one year: the days on which its offices are closed.

    Use when the user asks for public holidays, bank holidays, national holidays, the holiday calendar, the
    next or upcoming holiday, or when an office is closed or whether it is open. Call it once for each region and year.
    Do not use for vacation days or leave of an employee: use checkVacationBalance.

    Args:
        year: Calendar year with four digits. When the user names no year, use the current year.
        region: Country of the office. DE (Germany, German, Deutschland, Berlin, Munich, Hamburg), FR (France, French,
            Paris, Lyon), UK (United Kingdom, Great Britain, Britain, British, England, English, London).
            When the user names no region, ask which one.

    Returns:
        {"region": "DE", "year": 2026,
        "holidays": [{"date": "2026-12-25", "day": "Friday, 25 December 2026", "name": "Christmas Day"}]}

    Errors:
        404 when there is no calendar for that year: tell the user which years there are.
        503 when the holiday calendar is unavailable after three tries: tell the user to try again later.
    """
    try:
        holidays = await LOOKUP.call(backend.holidays, year, region)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the holiday calendar is unavailable; try again in a few minutes")
    # The day is written out too, so that an answer need not make words of the date.
    return {
        "region": region,
        "year": year,
        "holidays": [
            {"date": f"{each.day}", "day": f"{each.day:%A}, {each.day.day} {each.day:%B %Y}", "name": each.name}
            for each in holidays
        ],
    }


TOOLS: list[AgentTool] = [check_vacation_balance, get_policy, create_hr_ticket, get_upcoming_holidays]
