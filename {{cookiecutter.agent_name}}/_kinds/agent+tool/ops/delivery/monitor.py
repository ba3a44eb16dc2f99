"""`monitor`: do live sessions score as well as they should? If not, people are asked, and perhaps live goes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ops.delivery import endpoint, show
from ops.delivery.bearer import token
from ops.delivery.names import LIVE, snake
from ops.delivery.place import Place, open_place
from ops.delivery.served import KIND
from ops.delivery.stop import Stop, stops
from ops.delivery.verbs import Env
from ops.document import ROOT

RECENT_HOURS, BASELINE_DAYS = 24, 14
"""What is compared: the last day with the fortnight before it."""

MAX_DROP = 0.1
"""How far below its baseline a score may fall; less is noise of the sample."""

REPORT = ROOT / ".local" / "delivery" / "monitor.md"


@dataclass(frozen=True)
class Score:
    """The mean of an evaluator, lately and before; None when nothing was sampled."""

    evaluator: str
    recent: float | None
    baseline: float | None

    def problem(self, minimum: float) -> str | None:
        """Return what is wrong with it, None when all is right."""
        if self.recent is None:
            return None
        if self.recent < minimum:
            return f"{self.evaluator}: {self.recent:.2f} in the last day, below {minimum:.2f}"
        if self.baseline is not None and self.recent < self.baseline - MAX_DROP:
            return f"{self.evaluator}: {self.recent:.2f} in the last day, {self.baseline:.2f} in the fortnight before"
        return None


def monitor(env: Env = "") -> None:
    """Compare what online evaluation measured with the limit and the baseline. Exit code 1 when it is worse."""
    with stops():
        place = open_place(env)
        show.header("monitor", place)
        place.check_account()
        settings = place.environment.online_evaluation
        scores = [measure(place, evaluator) for evaluator in settings.evaluators]
        for score in scores:
            print(f"  {score.evaluator}: {_shown(score.recent)} lately, {_shown(score.baseline)} before")
        problems = [text for score in scores if (text := score.problem(place.environment.alarms.score))]
        rolls_back = bool(problems) and KIND.rolls_back(place.manifest)
        show.plan([f"roll {env} back"] if rolls_back else [])
        if problems:
            _act(place, problems, rolls_back=rolls_back)
        sampled = any(score.recent is not None for score in scores)
        show.done(f"{env}: {'scores are as they should be' if sampled else 'no session was sampled in the last day'}")


def measure(place: Place, evaluator: str) -> Score:
    """Return the scores of an evaluator, as online evaluation writes them to CloudWatch."""
    name, now = snake(place.component, place.name), datetime.now(UTC)
    metric = {
        "Namespace": f"agentops/{name}",
        "MetricName": evaluator,
        "Dimensions": [{"Name": "service.name", "Value": f"{name}.{LIVE}"}],
    }
    recent = now - timedelta(hours=RECENT_HOURS)

    def mean(start: datetime, end: datetime) -> float | None:
        seconds = int((end - start).total_seconds())
        query = {"Id": "mean", "MetricStat": {"Metric": metric, "Period": seconds, "Stat": "Average"}}
        found = place.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=end)
        values = found["MetricDataResults"][0]["Values"]
        return float(values[0]) if values else None

    return Score(evaluator, mean(recent, now), mean(recent - timedelta(days=BASELINE_DAYS), recent))


def _act(place: Place, problems: list[str], *, rolls_back: bool) -> None:
    found = endpoint.runtime(place)
    now = endpoint.state(place, found.id)
    live = now.live if now else None
    lines = [f"Version {live} of {place.component} in {place.name} scores too low:", "", *(f"- {p}" for p in problems)]
    if rolls_back and len(endpoint.good_versions(place)) > 1:
        target = endpoint.roll_back(place, found)
        KIND.smoke(place, found.arn, LIVE, token(place))
        lines += ["", f"Version {target} is live again, as manifest.yaml asks for (spec.rollbackOnDrift)."]
    lines += [
        "",
        "Please look at the sessions (`make status`, the dashboard), and make rows of what went wrong: `make row`.",
    ]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    after = endpoint.state(place, found.id)
    raise Stop(
        f"{'; '.join(problems)}; live: version {after.live if after else None}",
        f"read {REPORT.relative_to(ROOT)}; make rollback ENV={place.name} goes back",
    )


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.2f}"
