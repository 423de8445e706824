"""What the program reads of a server."""

from __future__ import annotations

from kong_ipv6 import plan
from kong_ipv6.facts import Facts
from support.case import Case
from support.kernel import Address
from support.recorded import ENGINES
from support.server import Server


class Reading(Case):
    def facts(self, server: Server) -> Facts:
        patched = server.patched()
        patched.__enter__()
        self.addCleanup(patched.__exit__, None, None, None)
        return Facts(server.context())

    def test_engines(self) -> None:
        for engine, generation in zip(ENGINES, (20, 26, 27, 28, 29, 29)):
            facts = self.facts(self.server(engine))
            self.assertEqual(generation, facts.generation)
            self.assertEqual(engine == "29.7.2-nftables", facts.nftables_backend, engine)
            self.assertEqual(generation < 27, facts.opens_all, engine)

    def test_an_engine_whose_ip6tables_is_off_opens_all(self) -> None:
        server = self.server()
        server.write("/etc/docker/daemon.json", '{"ip6tables": false}')
        self.assertTrue(self.facts(server).opens_all)

    def test_who_filters(self) -> None:
        self.assertEqual("ufw", self.facts(self.server().with_ufw()).filter)
        self.assertEqual("table", self.facts(self.server().with_ufw(enabled=False)).filter)
        self.assertEqual("table", self.facts(self.server()).filter)
        self.assertEqual("table", self.facts(self.server(firewall="nftables").with_ufw()).filter)
        self.assertEqual("none", self.facts(self.server(firewall="none").with_ufw()).filter)

    def test_what_router_advertisements_give(self) -> None:
        server = self.server()
        self.assertEqual((), self.facts(server).advertised)
        server.kernel.routes[6].append("default via fe80::1 dev ens3 proto ra metric 100 expires 1797sec")
        self.assertEqual(("route",), self.facts(server).advertised)
        server.kernel.addresses.append(Address("ens3", "2a03::5/64", "global", ("dynamic",)))
        self.assertEqual(("route", "address"), self.facts(server).advertised)
        server.kernel.addresses[-1] = Address("ens3", "2a03::5/64", "global", ("dynamic", "deprecated"))
        self.assertEqual(("route",), self.facts(server).advertised)

    def test_once_accepted_they_stay_accepted(self) -> None:
        server = self.server()
        server.write("/etc/netplan/60-kong-ipv6.yaml", "network:\n  ethernets:\n    ens3:\n      accept-ra: true\n")
        self.assertEqual(("earlier", "route"), self.facts(server).advertised)

    def test_our_addresses_in_any_spelling(self) -> None:
        server = self.server()
        server.kernel.addresses.append(Address("ens3", "2a03:2222:3333:4444:0:0:0:2/64"))
        facts = self.facts(server)
        self.assertTrue(facts.on_uplink("2a03:2222:3333:4444::2"))
        self.assertFalse(facts.on_uplink("2a03:2222:3333:4444::3"))

    def test_files_of_netplan_in_their_order(self) -> None:
        server = self.server()
        for path in (
            "/lib/netplan/00-default.yaml",
            "/etc/netplan/90-last.yaml",
            "/run/netplan/10-first.yaml",
            "/lib/netplan/90-last.yaml",
        ):
            server.write(path, f"# {path}\n")
        found = self.facts(server).netplan_texts
        self.assertEqual(["00-default.yaml", "10-first.yaml", "50-cloud-init.yaml", "90-last.yaml"], list(found))
        self.assertEqual("# /etc/netplan/90-last.yaml\n", found["90-last.yaml"])

    def test_bridges_that_are_not_dockers(self) -> None:
        server = self.applied()
        server.kernel.add_link("vmbr0", "52:54:00:00:00:02", "bridge")
        server.kernel.add_link("eth9", "52:54:00:00:00:03")
        self.assertEqual(["vmbr0"], self.facts(server).other_bridges)

    def test_the_bridge_of_the_uplink_itself(self) -> None:
        server = self.server()
        server.kernel.links["ens3"]["linkinfo"] = {"info_kind": "bridge"}
        self.assertEqual([], self.facts(server).other_bridges)


class ThePlan(Case):
    def test_inside(self) -> None:
        for address, subnet, holds in (
            ("2a03:0:0:0:300::1", "2a03:0:0:0:300::/80", True),
            ("2A03::1", "2a03::/64", True),
            ("2a04::1", "2a03::/64", False),
            ("nonsense", "2a03::/64", False),
            ("2a03::1", "nonsense", False),
            ("", "", False),
            ("1.2.3.4", "2a03::/64", False),
            ("2a03::1", "2a03::5/64", True),
        ):
            self.assertEqual(holds, plan.inside(address, subnet), (address, subnet))

    def test_same(self) -> None:
        self.assertTrue(plan.same("2a03:0::1", "2A03::1"))
        self.assertFalse(plan.same("2a03::1", "2a03::2"))
        self.assertFalse(plan.same("", ""))

    def test_a_text_that_is_no_plan(self) -> None:
        for text in ("{}", '{"prefix": 1}'):
            with self.assertRaises(KeyError):
                plan.parse(text)
        with self.assertRaises(ValueError):
            plan.parse("{")
