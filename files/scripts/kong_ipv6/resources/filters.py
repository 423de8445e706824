"""The second half of a change of the filters: what is no longer accepted.

A container that moves answers on its old address until the containers are changed. So what accepts that address
goes only then: ufw's old rules, and the loaded nftables table, which is replaced as a whole.
"""

from .base import Resource
from .firewall import LATE, Firewall
from .ufw import Ufw


class Filters(Resource):
    name = LATE
    follows = ("firewall", "ufw")

    def __init__(self, firewall: Firewall, ufw: Ufw) -> None:
        super().__init__(firewall.context)
        self.firewall, self.ufw = firewall, ufw

    def apply(self) -> None:
        if self.firewall.late:
            self.firewall.load()
        self.ufw.delete_surplus()
