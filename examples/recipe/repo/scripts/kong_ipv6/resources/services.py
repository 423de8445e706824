"""The owner's own services. They start after all that Kong needs: one that fails must not stop that."""

from .base import Resource
from .compose import ComposeUp
from .compose_refusals import OURS


class OwnServices(Resource):
    name = "services"
    follows = ("compose",)

    def __init__(self, compose: ComposeUp) -> None:
        super().__init__(compose.context)
        self.compose = compose

    def apply(self) -> None:
        """Those that the owner has added, with what they depend on."""
        if not (others := [one for one in self.compose.facts.services if one not in OURS]):
            return
        names, compose = " ".join(others), self.compose.compose
        self.report.doing("compose", f"starting {names}")
        # All have been made by now; docker-compose 1.29 makes them only here.
        how = () if compose.major == 1 else ("--no-recreate",)
        if not compose.quietly("up", "--detach", *how, *others, seconds=180):
            raise self.compose.failure(f"not all of your own services started: {names}")
