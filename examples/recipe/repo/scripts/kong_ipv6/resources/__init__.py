"""One resource for each thing on the server, all of one shape (base.Resource). The order in which they are applied
is here; they are undone in the opposite order."""

from ..facts import Context
from .base import Resource
from .compose import ComposeUp
from .daemon_json import DaemonJson
from .expose import Expose
from .files import Files
from .filters import Filters
from .firewall import Firewall
from .handover import Handover
from .kong import Kong
from .link import Link
from .ndp import Ndp
from .netplan import Netplan, Settled
from .network import Network
from .overlap import Overlap
from .packages import Packages
from .secrets import Secrets
from .services import OwnServices
from .sysctl import Sysctl, SysctlFile
from .ufw import Ufw
from .uplink import Uplink


def resources(context: Context) -> list[Resource]:
    sysctl = Sysctl(context)
    netplan = Netplan(context, sysctl)
    firewall, ufw, compose = Firewall(context), Ufw(context), ComposeUp(context)
    return [
        Link(context),
        Secrets(context),
        # Undone last: Docker and networkd set some of these themselves.
        sysctl,
        Files(context),
        # What a package starts finds its configuration and unit.
        Packages(context),
        firewall,
        ufw,
        Uplink(context),
        netplan,
        Ndp(context),
        DaemonJson(context),
        # The kernel asks for duplicates while Docker restarts.
        Settled(netplan),
        SysctlFile(context),
        Network(context),
        compose,
        # The containers have their new addresses: what the old ones needed can go.
        Filters(firewall, ufw),
        Overlap(context),
        OwnServices(compose),
        Kong(context),
        Handover(context),
        Expose(context),
    ]
