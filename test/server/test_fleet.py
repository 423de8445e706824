"""A server of a fleet: Kong is a data plane; on one of them the control plane runs beside it."""

from __future__ import annotations

from typing import Any

from kong_ipv6 import ufw_rules
from kong_ipv6.resources.containers import kongs
from kong_ipv6.resources.ufw import wanted
from support import ufw
from support.case import Case
from support.compose import kong_process
from support.server import Server

CONTROL_PLANE = "2a03:2222:3333:4444:300::8101"
OTHER = "2a04:2222:3333:4400:300::8100"
KEY = "not-to-be-printed-9c2e"


def role(here: str = "") -> dict[str, Any]:
    return {"controlPlane": CONTROL_PLANE, "here": here}


class FleetCase(Case):
    def data_plane(self, **plan: Any) -> Server:
        server = self.server(database="off", fleet=role(), **plan)
        folder = server.repository / "cluster"
        folder.mkdir()
        (folder / "cluster.crt").write_text("certificate\n")
        (folder / "cluster.key").write_text(KEY)
        backend = server.plan.backend_kong
        server.listens = [one for one in server.listens if one[1] != 8001] + [(backend, 8007)]
        server.outside.statuses[backend, 8007] = "HTTP/1.1 200 OK "
        server.outside.statuses[backend, 8001] = ""
        return server


class Certificate(FleetCase):
    def test_it_is_refused_without_its_files(self) -> None:
        server = self.data_plane()
        (server.repository / "cluster/cluster.key").unlink()
        self.refused(server, "secrets", "cluster/cluster.key is missing", "playbook")
        self.assertEqual([], self.refusals(self.server(), "secrets"))

    def test_containers_get_it_as_they_get_the_password(self) -> None:
        server = self.data_plane()
        self.assertEqual(0, server.run("apply"), server.printed)
        secrets = server.repository / "data/secrets"
        self.assertEqual(0o700, secrets.stat().st_mode & 0o777)
        key = secrets / "cluster.key"
        self.assertEqual((KEY, 0o444), (key.read_text(), key.stat().st_mode & 0o777))
        config = server.repository / "data/config"
        self.assertEqual((True, 0o700), (config.is_dir(), config.stat().st_mode & 0o777))
        self.assertNotIn(KEY, server.printed + " ".join(server.commands))

    def test_a_second_run_changes_nothing(self) -> None:
        server = self.data_plane().applied()
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)

    def test_another_one_restarts_kong(self) -> None:
        server = self.data_plane().applied()
        for name in ("cluster.crt", "cluster.key"):
            (server.repository / "cluster" / name).write_text("new\n")
        row = "kong: Kong will be restarted: it has not loaded the present certificate"
        self.assertIn(row, self.changes(server, "compose"))
        server.events.clear()
        self.assertEqual(0, server.run("apply"), server.printed)
        self.happened(server, "/restart")
        self.assertEqual("new\n", (server.repository / "data/secrets/cluster.key").read_text())
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)


class DataPlane(FleetCase):
    def test_verify_wants_no_admin_api(self) -> None:
        server = self.data_plane().applied()
        found = self.results(server, "kong")
        self.assertEqual(("ok", "a data plane has no admin API"), (found["admin"].level, found["admin"].detail))
        server.listens.append((server.plan.backend_kong, 8001))
        kong_process(server)
        self.fails(server, "kong", "admin", f"Kong's admin ports listen on {server.plan.backend_kong}:8001")

    def test_without_a_fleet_the_status_port_is_not_for_kong_net(self) -> None:
        server = self.applied()
        server.listens.append((server.plan.backend_kong, 8007))
        kong_process(server)
        self.fails(server, "kong", "admin", f"{server.plan.backend_kong}:8007")


class ControlPlane(FleetCase):
    def expose(self, server: Server) -> list[dict[str, Any]]:
        return [
            {
                "name": "kong-control-plane",
                "address": CONTROL_PLANE,
                "variable": "EXPOSE_KONG_CONTROL_PLANE_IPV6",
                "from": [server.plan.kong, OTHER],
                "ports": [{"port": 8005, "protocol": "tcp"}],
            }
        ]

    def test_ufw_opens_its_port_for_the_data_planes_only(self) -> None:
        server = self.server()
        server.change_plan(expose=self.expose(server), fleet=role("10.83.81.101"))
        rules = [rule for rule in wanted(server.plan, nftables=False) if "8005" in rule]
        inward = "in on ens3 out on ipv6_exposed from"
        to = f"to {CONTROL_PLANE} port 8005 proto tcp"
        self.assertEqual([f"{inward} {server.plan.kong} {to}", f"{inward} {OTHER} {to}"], rules)

    def test_with_ufw_our_table_filters_too(self) -> None:
        """Docker 27 and later accepts its published port before ufw is asked."""
        for here, loaded in (("10.83.81.101", True), ("", False)):
            server = self.server().with_ufw()
            server.change_plan(expose=self.expose(server) if here else [], fleet=role(here))
            with self.subTest(here=here):
                self.assertEqual(
                    loaded, any("kong_ipv6 will be loaded" in one for one in self.changes(server, "firewall"))
                )

    def test_ufws_files_are_read_as_these_rules(self) -> None:
        server = self.server().with_ufw()
        server.change_plan(expose=self.expose(server), fleet=role("10.83.81.101"))
        rules = wanted(server.plan, nftables=False)
        for rule in rules:
            ufw.rule(server, [*rule.split(), "comment", "kong-ipv6"], delete=False)
        with server.patched():
            self.assertEqual(sorted(rules), sorted(ufw_rules.read(server.context().system).rules))

    def test_it_starts_before_the_data_plane(self) -> None:
        server = self.server(fleet=role("10.83.81.101"))
        with server.patched():
            self.assertEqual(["kong-control-plane", "kong"], kongs(server.context()))
        server = self.server(fleet=role())
        with server.patched():
            self.assertEqual(["kong"], kongs(server.context()))

    def test_verify_reports_one_that_is_missing(self) -> None:
        server = self.applied()
        server.change_plan(fleet=role("10.83.81.101"))
        self.fails(server, "kong", "control-plane", "the container is missing")
