"""The overlap of a renumbering: the old addresses lead to the new ones, until finish."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

from kong_ipv6.report import Failure
from kong_ipv6.system import Ran
from support.case import Case
from support.disk import Killed
from support.programs import OVERLAP
from support.server import Server

PREFIX = "2a03:2222:3333:4444"
OLD, NEW = f"{PREFIX}:300::8100", f"{PREFIX}:300::9100"
HOST = {"old": f"{PREFIX}::2", "new": "2a03:2222:3333:5555::2"}
NETPLAN, TABLE = "/etc/netplan/60-kong-ipv6.yaml", "/etc/kong-ipv6/overlap.nft"
UNIT = f"/etc/systemd/system/{OVERLAP}"
RELOADED = "/etc/systemd/system/nftables.service.d/kong-ipv6-overlap.conf"
LOAD, UNLOAD = f"run systemctl restart {OVERLAP}", f"run systemctl --quiet stop {OVERLAP}"
VERBATIM = Path(__file__).resolve().parents[2] / "files"
TEXT = f"""\
table ip6 kong_ipv6_overlap
delete table ip6 kong_ipv6_overlap

table ip6 kong_ipv6_overlap {{
	map moved {{
		type ipv6_addr : ipv6_addr
		elements = {{ {OLD} : {NEW} }}
	}}
}}
"""
PREVIOUS = {"host": f"{HOST['old']}/64", "containers": [{"name": "kong", "address": OLD, "to": NEW}]}


def file(server: Server, path: str) -> Path:
    return server.repository / f"host{path}"


def write_overlap(server: Server) -> None:
    file(server, TABLE).write_text(TEXT)
    for path in (UNIT, RELOADED):
        file(server, path).parent.mkdir(parents=True, exist_ok=True)
        file(server, path).write_text((VERBATIM / f"host{path}").read_text())


def kong_at(server: Server, address: str) -> None:
    """What compose will make of Kong, by the plan."""
    before = server.plan.kong
    server.change_plan(kong=address)
    server.env(KONG_BIND_IPV6=address)
    for path in ("host/etc/kong-ipv6/firewall.nft", "host/etc/ndppd.conf", "scripts/ufw.sh"):
        here = server.repository / path
        here.write_text(here.read_text().replace(before, address) if here.exists() else "")
    recording = server.docker.recording
    for one in (recording["kong"], *recording["containers"]):
        at = one["NetworkSettings"]["Networks"].get("ipv6_exposed")
        if at:
            at["GlobalIPv6Address"] = at["IPAMConfig"]["IPv6Address"] = address
    server.hashes["kong"] = f"with-{address}"
    for one in recording["containers"]:
        if one["Labels"]["com.docker.compose.service"] == "kong":
            one["Labels"]["com.docker.compose.config-hash"] = f"with-{address}"


class Phases(Case):
    def before(self, engine: str = "28.5.2", ufw: bool = False) -> Server:
        server = self.server(engine)
        if ufw:
            server.with_ufw()
        self.netplan = file(server, NETPLAN).read_text()
        return server.applied()

    def overlap(self, server: Server) -> Server:
        """The repository after regenerate --overlap."""
        kong_at(server, NEW)
        server.change_plan(host=HOST["new"], previous=PREVIOUS)
        both = f'- "{HOST["new"]}/64"\n        - "{HOST["old"]}/64":\n            lifetime: 0'
        file(server, NETPLAN).write_text(self.netplan.replace(f'- "{HOST["old"]}/64"', both))
        write_overlap(server)
        ndppd = file(server, "/etc/ndppd.conf")
        ndppd.write_text(ndppd.read_text() + f"# {OLD}\n")
        return server

    def finish(self, server: Server) -> Server:
        server.change_plan(previous=None)
        file(server, NETPLAN).write_text(self.netplan.replace(HOST["old"], HOST["new"]))
        for path in (TABLE, UNIT, RELOADED):
            file(server, path).unlink()
        ndppd = file(server, "/etc/ndppd.conf")
        ndppd.write_text(ndppd.read_text().replace(f"# {OLD}\n", ""))
        return server

    def back(self, server: Server) -> Server:
        """The repository as it was before regenerate --overlap."""
        self.finish(server)
        kong_at(server, OLD)
        server.change_plan(host=HOST["old"])
        file(server, NETPLAN).write_text(self.netplan)
        return server

    def run_apply(self, server: Server) -> Server:
        self.assertEqual(0, server.run("apply"), server.printed)
        return server

    def overlapped(self, ufw: bool = False) -> Server:
        return self.run_apply(self.overlap(self.before(ufw=ufw)))

    def uplink(self, server: Server) -> dict[str, tuple[str, ...]]:
        return {one.text: one.flags for one in server.kernel.addresses if one.dev == "ens3" and ":" in one.text}


class Plan(Case):
    def test_without_an_overlap(self) -> None:
        self.assertIsNone(self.server().plan.previous)
        self.assertIsNone(self.server(previous=None).plan.previous)

    def test_only_what_differs(self) -> None:
        plan = self.server(previous={"host": None, "containers": []}).plan
        self.assertEqual(("", [], [plan.kong]), (plan.previous_host, plan.moved, plan.solicited))
        plan = self.server(kong=NEW, previous=PREVIOUS).plan
        self.assertEqual((HOST["old"], [NEW, OLD]), (plan.previous_host, plan.solicited))


class ToOverlap(Phases):
    def test_the_plan_of_it(self) -> None:
        server = self.overlap(self.before())
        self.assertEqual(
            [f"overlap: the old addresses will lead to the new ones: {OLD} → {NEW}"],
            self.changes(server, "overlap"),
        )

    def test_it_is_loaded_now_and_at_every_boot(self) -> None:
        server = self.overlapped()
        self.assertIn("table ip6 kong_ipv6_overlap {", server.overlap)
        self.assertTrue((server.root / f"etc/systemd/system/multi-user.target.wants/{OVERLAP}").is_symlink())
        self.assertIn(f"ExecStart=/usr/sbin/nft -f {TABLE}", server.read(UNIT) or "")
        # nftables.service flushes it.
        self.assertIn(f"ExecStartPost=-/usr/sbin/nft -f {TABLE}", server.read(RELOADED) or "")
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)

    def test_it_comes_after_the_containers(self) -> None:
        server = self.overlapped()
        self.happened(server, "run compose up", LOAD, f"forget {OLD} {OLD}")

    def test_a_failing_service_of_the_owner_does_not_stop_it(self) -> None:
        """Bug: the table and the filters came after the owner's services, so Kong had no address that answered."""
        server = self.overlap(self.before())
        failing = mock.Mock(side_effect=Failure("not all of your own services started: web", "see above"))
        with mock.patch("kong_ipv6.resources.services.OwnServices.apply", failing):
            self.assertEqual(1, server.run("apply"))
        failing.assert_called_once()
        self.assertIn("table ip6 kong_ipv6_overlap {", server.overlap)
        self.assertIn(NEW, server.table)

    def test_a_build_that_fails_changes_nothing(self) -> None:
        """Bug: the new filter's files were there before the image, and the next boot loaded them: they drop what is
        sent to the address that Kong still has."""
        server = self.overlap(self.before())
        with (server.repository / "kong-build/Dockerfile").open("a") as dockerfile:
            dockerfile.write("# edited\n")
        before, build = server.state(), "timeout --foreground 1800 docker compose build"
        server.programs_run.answers[build] = Ran(1, "", "no network\n")
        self.assertEqual(1, server.run("apply"))
        self.assertIn("the image kong-ipv6:local can't be built", server.printed)
        self.same_state(before, server.state())
        self.assertIn("This run has changed nothing.", server.printed)
        self.assertNotIn("Applying the changes:", server.printed)
        del server.programs_run.answers[build]
        self.run_apply(server)
        self.assertIn("kong_ipv6_overlap", server.overlap)

    def test_it_needs_nftables_even_where_ufw_filters(self) -> None:
        server = self.overlapped(ufw=True)
        self.assertIn("nftables", server.packages)
        self.assertIn("kong_ipv6_overlap", server.overlap)
        self.assertEqual("", server.table)

    def test_the_previous_address_is_accepted_until_the_containers_moved(self) -> None:
        """Bug: the filter of the new plan dropped it before Kong had its new address."""
        server = self.overlapped()
        self.happened(server, "run compose up", "run systemctl restart kong-ipv6-firewall.service")
        self.assertIn(NEW, server.table)
        self.assertNotIn(OLD, server.table)
        server = self.overlapped(ufw=True)
        self.happened(
            server,
            "run scripts/ufw.sh",
            "run compose up",
            f"run ufw route delete allow in on ens3 out on ipv6_exposed to {OLD} port 443",
        )
        self.assertNotIn(OLD, server.read("/etc/ufw/user6.rules") or "")

    def test_the_server_has_both_addresses_and_prefers_the_new_one(self) -> None:
        server = self.overlapped()
        has = self.uplink(server)
        self.assertEqual(((), ("deprecated",)), (has[f"{HOST['new']}/64"], has[f"{HOST['old']}/64"]))

    def test_what_was_interrupted_is_repeated(self) -> None:
        server = self.overlap(self.before())
        start = server.start

        def killed(unit: str) -> bool:
            if unit == OVERLAP:
                raise Killed
            return start(unit)

        with mock.patch.object(server, "start", killed), self.assertRaises(Killed):
            server.run("apply")
        self.assertEqual(("", 0), (server.overlap, self.run_apply(server).run("apply", "--dry-run")))
        self.assertIn("kong_ipv6_overlap", server.overlap)

    def test_the_filter_is_replaced_after_an_interruption_too(self) -> None:
        server = self.overlap(self.before())
        server.context().journal.record("todo", "filters", "begun")
        file(server, "/etc/kong-ipv6/firewall.nft").write_text(server.read("/etc/kong-ipv6/firewall.nft") or "")
        self.assertIn("will be loaded", "".join(self.changes(server, "firewall")))

    def test_the_next_command_is_named(self) -> None:
        server = self.overlapped()
        self.assertIn("  npx create-kong-ipv6 regenerate --finish\n", server.printed)
        self.assertIn(f"'http://[{OLD}]/'", server.printed)
        self.run_apply(self.finish(server))
        self.assertNotIn("--finish", server.printed)

    def test_network_manager_can_not_deprecate_an_address(self) -> None:
        """netplan: only networkd takes lifetime: 0."""
        server = self.overlap(self.before())
        server.netplan_error = "ERROR: ens3: NetworkManager does not support address options\n"
        self.refused(server, "netplan", "so an overlap is not possible", "undo, then regenerate without --overlap")
        server.change_plan(previous=None)
        self.refused(server, "netplan", "netplan refuses the configuration", "correct the files in /etc/netplan")

    def test_a_new_server_starts_in_the_overlap(self) -> None:
        server = self.server()
        self.netplan = file(server, NETPLAN).read_text()
        before = server.state()
        self.run_apply(self.overlap(server))
        self.assertIn("kong_ipv6_overlap", server.overlap)
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.same_state(before, {**server.state(), "packages": before["packages"]})


class FromOverlap(Phases):
    def test_finish_removes_all_of_it(self) -> None:
        server = self.overlapped()
        self.assertEqual([], server.kernel.flushed)
        self.run_apply(self.finish(server))
        self.assertEqual("", server.overlap)
        for path in (TABLE, UNIT, RELOADED):
            self.assertIsNone(server.read(path), path)
        self.assertFalse((server.root / f"etc/systemd/system/multi-user.target.wants/{OVERLAP}").is_symlink())
        self.assertNotIn(f"{HOST['old']}/64", self.uplink(server))
        self.assertEqual([f"to {PREFIX}::/64 dev ens3"], server.kernel.flushed)
        self.assertNotIn("compose up", "".join(server.commands))
        # Open connections go on. A client that uses the port of a closed one again is not mistaken for it.
        self.happened(server, UNLOAD, f"forget {OLD} {NEW}, closed ones")
        self.assertNotIn(f"forget {OLD} {NEW}", [f"{kind} {what}" for kind, what, _ in server.events])
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)

    def test_an_address_that_a_connection_uses_is_kept_and_its_neighbours_too(self) -> None:
        server = self.finish(self.overlapped())
        server.connections = f"0 0 [{HOST['old']}]:22 [2001:db8::5]:51000\n"
        self.run_apply(server)
        self.assertIn(f"{HOST['old']}/64 is kept until the next boot", server.printed)
        self.assertEqual([], server.kernel.flushed)

    def test_back_to_before_it_leads_to_the_new_address_until_kong_has_the_previous_one(self) -> None:
        server = self.run_apply(self.back(self.overlapped()))
        self.happened(server, "run compose up", UNLOAD, f"forget {OLD} {NEW}")
        self.assertEqual("", server.overlap)
        self.assertEqual((), self.uplink(server)[f"{HOST['old']}/64"])
        self.assertNotIn(f"{HOST['new']}/64", self.uplink(server))
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)

    def test_rollback(self) -> None:
        server = self.server()
        before = server.state()
        self.netplan = file(server, NETPLAN).read_text()
        self.run_apply(self.overlap(server.applied()))
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.same_state(before, server.state())

    def test_a_failure_gives_the_previous_address_its_lifetime_back(self) -> None:
        """Bug: `ip addr add` refuses an address that is there, and a snapshot has no deprecated one."""
        server, line = self.overlapped(), f"addr ens3 {HOST['old']}/64"
        network = server.context().network
        self.assertEqual([line], network.lost([line]))
        network.restore_missing([line])
        self.assertEqual([], network.lost([line]))


class Verify(Phases):
    def test_all_is_well(self) -> None:
        server = self.overlapped()
        self.assertEqual("ok", self.results(server, "overlap")["overlap"].level)
        self.assertEqual("ok", self.results(server, "uplink")["previous"].level)
        self.assertIn(OLD, self.results(server, "ndp")["ndp"].detail)
        self.assertEqual({}, self.results(self.before(), "overlap"))

    def test_a_table_that_was_flushed(self) -> None:
        server = self.overlapped()
        server.overlap = ""
        self.fails(server, "overlap", "overlap", "is not loaded")
        self.assertIn("overlap: the old addresses will lead", self.changes(server, "overlap")[0])

    def test_a_table_that_is_left(self) -> None:
        server = self.before()
        server.programs.add("nft")
        server.overlap = "table ip6 kong_ipv6_overlap {\n}\n"
        self.fails(server, "overlap", "overlap", "is loaded, but no overlap is planned")
        self.run_apply(server)
        self.assertEqual("", server.overlap)

    def test_the_previous_address_is_dead_from_outside(self) -> None:
        server = self.overlapped()
        server.outside.dead = {(OLD, 443)}
        self.fails(server, "overlap", "overlap", f"the old address {OLD} of kong doesn't answer")
        # Kong itself is not reached: that has a row of its own.
        server.outside.dead |= {(NEW, 443)}
        self.assertEqual("ok", self.results(server, "overlap")["overlap"].level)

    def test_the_previous_address_is_dead_from_the_server_itself(self) -> None:
        server = self.overlapped()
        server.outside.statuses[OLD, 80] = ""
        self.fails(server, "overlap", "overlap", f"the old address {OLD} of kong doesn't answer")

    def test_nobody_is_told_where_the_previous_address_is(self) -> None:
        server = self.overlapped()
        server.outside.silent = {OLD}
        self.fails(server, "ndp", "ndp", f"doesn't answer a Neighbor Solicitation for {OLD}")

    def test_the_servers_previous_address(self) -> None:
        server = self.overlapped()
        kept = [one._replace(flags=()) for one in server.kernel.addresses]
        server.kernel.addresses = kept
        self.assertEqual("warn", self.results(server, "uplink")["previous"].level)
        server.kernel.addresses = [one for one in kept if HOST["old"] not in one.text]
        self.fails(server, "uplink", "previous", f"does not have the old address {HOST['old']}")
        self.assertIn(f"netplan: ens3 does not have the old address {HOST['old']}", self.changes(server, "netplan"))


class TheKernel(Case):
    def test_it_answers_for_both_addresses_and_then_for_one(self) -> None:
        server = self.kernel_ndp().applied()
        old = server.plan.kong
        path = file(server, "/etc/systemd/network/10-netplan-ens3.network.d/60-kong-ndp.conf")
        text = path.read_text()
        kong_at_kernel = text.replace(old, NEW)
        path.write_text(f"{kong_at_kernel}IPv6ProxyNDPAddress={old}\n")
        file(server, "/etc/ndppd.conf").write_text("")
        kong_at(server, NEW)
        file(server, "/etc/ndppd.conf").unlink()
        write_overlap(server)
        server.change_plan(previous={"host": None, "containers": [{"name": "kong", "address": old, "to": NEW}]})
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual({NEW, old}, {address for address, _ in server.kernel.proxied})
        path.write_text(kong_at_kernel)
        for path in (TABLE, UNIT, RELOADED):
            file(server, path).unlink()
        server.change_plan(previous=None)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual([(NEW, "ens3")], server.kernel.proxied)
