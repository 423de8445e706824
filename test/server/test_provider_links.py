"""Which interface of a provider's netplan file ours is fitted to, by what `ip` prints on such a server."""

from __future__ import annotations

import json
import re
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import yaml
from kong_ipv6.netplan_files import Unmanaged
from kong_ipv6.uplink_facts import UplinkFacts

RECORDINGS = Path(__file__).parents[1] / "unit/detect/providers"
MADE_OF_OTHERS = {
    "hetzner-dedicated": ("bridges", "br0"),
    "vlan": ("vlans", "enp0s31f6.4000"),
    "bond-and-second-uplink": ("bonds", "bond0"),
}
OURS = """network:
  version: 2
  ethernets:
    "%s":
      accept-ra: false
      addresses: ["2001:db8:1:2::2/64"]
"""


def part(recording: str, name: str) -> str:
    found = re.search(f"^@@recorded begin {name}\n(.*?)\n@@recorded end", recording, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


def fitted_to(name: str, uplink: str, without: str = "") -> list[str]:
    """The kind and ID in our file. without: a kind that the server's own file lacks."""
    recording = (RECORDINGS / f"{name}.txt").read_text()
    netplan = yaml.safe_load(part(recording, "netplan").partition("\n")[2])
    netplan["network"].pop(without, None)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "host/etc/netplan/60-kong-ipv6.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(OURS % uplink)
        facts = UplinkFacts()
        facts.__dict__.update(
            links=json.loads(part(recording, "links")),
            plan=SimpleNamespace(kept=False, uplink=uplink),
            system=SimpleNamespace(have=lambda _: True, on=lambda path: Path(f"{folder}{path}")),
            context=SimpleNamespace(
                network=SimpleNamespace(networkd_id=lambda: ""), repository=SimpleNamespace(path=Path(folder))
            ),
            advertised=(),
            netplan_texts={"50-cloud-init.yaml": yaml.safe_dump(netplan)},
        )
        network = yaml.safe_load(facts.fitted.text)["network"]
    return [f"{kind}/{identity}" for kind in network if kind != "version" for identity in network[kind]]


class ProviderLinks(unittest.TestCase):
    def test_a_bridge_a_vlan_and_a_bond_are_found_by_their_names(self) -> None:
        for name, (kind, uplink) in MADE_OF_OTHERS.items():
            self.assertEqual([f"{kind}/{uplink}"], fitted_to(name, uplink), name)

    def test_the_port_with_the_same_mac_is_not_taken_for_them(self) -> None:
        for name, (kind, uplink) in MADE_OF_OTHERS.items():
            with self.assertRaises(Unmanaged, msg=name):
                fitted_to(name, uplink, without=kind)

    def test_a_network_card_is_found_by_its_mac(self) -> None:
        self.assertEqual(["ethernets/eth0"], fitted_to("hetzner-cloud", "eth0"))
        self.assertEqual(["ethernets/enp0s31f6"], fitted_to("vlan", "enp0s31f6"))
