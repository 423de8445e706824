"""A second Kong answers while Kong's container is recreated."""

from __future__ import annotations

from typing import Any

from kong_ipv6.engine import GATEWAY_MODE
from kong_ipv6.resources.handover import NAME, NETWORK, behind, copy_of, nothing_else_changes, tables
from kong_ipv6.system import Ran
from support.disk import Killed
from support.docker import EXPOSED
from support.recorded import ENGINES
from support.server import Server
from test_overlap import NEW, OLD, Phases

STOP, LOAD = "/stop", "run nft -f -"
FLUSH = "run nft flush chain ip6 kong_ipv6_handover prerouting"


class Handover(Phases):
    def nothing_left(self, server: Server) -> None:
        self.assertNotIn(NETWORK, server.docker.networks_by_name)
        self.assertEqual([], [one for one in server.docker.containers_by_id.values() if one["Names"] == [f"/{NAME}"]])
        self.assertEqual("", server.handover)
        for path in ("/etc/ufw/user.rules", "/etc/ufw/user6.rules"):
            self.assertNotIn("kong_handover", server.read(path) or "")

    def kong(self, server: Server) -> Any:
        return server.docker.inspected(server.docker.service("kong")["Id"])  # type: ignore[index]


class ItAnswers(Handover):
    def test_until_kong_is_well_again(self) -> None:
        for engine in ENGINES:
            with self.subTest(engine=engine):
                server = self.overlap(self.before(engine, ufw=True))
                kong = self.kong(server)["Id"]
                self.run_apply(server)
                self.happened(
                    server,
                    "engine POST /networks/create",
                    "run ufw route allow in on kong_handover",
                    f"engine POST /containers/create?name={NAME}",
                    "engine POST /networks/kong-ipv6_kong-net/connect",
                    "/start",
                    "run docker exec",
                    LOAD,
                    f"forget {NEW} {NEW}",
                    f"engine POST /containers/{kong}/stop",
                    f"engine DELETE /containers/{kong}",
                    "run compose up --no-start",
                    "run systemctl restart kong-ipv6-overlap.service",
                    "run docker exec",
                    FLUSH,
                    STOP,
                    "run nft delete table ip6 kong_ipv6_handover",
                    "run ufw route delete allow in on kong_handover",
                    f"engine DELETE /networks/{NETWORK}",
                )
                self.nothing_left(server)

    def test_where_the_network_is_created_again(self) -> None:
        server = self.before()
        server.docker.networks_by_name[EXPOSED]["Options"][GATEWAY_MODE] = "nat"
        self.run_apply(server)
        removed = f"engine DELETE /networks/{EXPOSED}"
        self.happened(server, LOAD, STOP, removed, "run scripts/network.sh", "run compose up --no-start", FLUSH)
        # It would hold the network.
        self.assertNotIn(f"/networks/{EXPOSED}/connect", "".join(what for _, what, _ in server.events))
        self.nothing_left(server)

    def test_after_network_sh_alone_until_apply_sh(self) -> None:
        """Bug: network.sh waited for Kong, which only apply.sh starts again."""
        server = self.before()
        server.docker.networks_by_name[EXPOSED]["Options"][GATEWAY_MODE] = "nat"
        self.assertEqual(0, server.run("network"), server.printed)
        self.assertIn(f"ip6 daddr {OLD} tcp", server.handover)
        self.run_apply(server)
        self.nothing_left(server)

    def test_not_where_kong_stays(self) -> None:
        server = self.run_apply(self.finish(self.overlapped()))
        self.assertNotIn(LOAD, [f"{kind} {what}" for kind, what, _ in server.events])

    def test_not_where_more_changes_than_the_network(self) -> None:
        """Another version or password, another network of the database, or a Kong that isn't well."""

        def build(server: Server) -> None:
            with (server.repository / "kong-build/Dockerfile").open("a") as dockerfile:
                dockerfile.write("# edited\n")

        def stopped(server: Server) -> None:
            server.docker.service("kong")["State"] = "exited"  # type: ignore[index]

        def password(server: Server) -> None:
            (server.repository / "data/postgres").mkdir(parents=True, exist_ok=True)
            (server.repository / "data/postgres/PG_VERSION").write_text("17\n")
            server.env(KONG_PG_PASSWORD="another-one-9d1f")

        def unwell(server: Server) -> None:
            identity = server.docker.service("kong")["Id"]  # type: ignore[index]
            server.programs_run.answers[f"docker exec {identity} perl"] = Ran(1, "", "")

        for vary in (build, stopped, password, unwell):
            server = self.overlap(self.before())
            vary(server)
            self.run_apply(server)
            with self.subTest(vary):
                self.assertNotIn("POST /networks/create", [what for _, what, _ in server.events])

    def test_one_that_does_not_start_is_removed_and_told(self) -> None:
        server = self.overlap(self.before(ufw=True))
        server.docker.refuses[f"POST /containers/create?name={NAME}"] = "no space left on device"
        self.run_apply(server)
        self.assertIn("Kong will not answer for some seconds: no space left on device", server.printed)
        self.nothing_left(server)
        server = self.overlap(self.before())
        identity = NAME.encode().hex()
        server.programs_run.answers[f"docker exec {identity}"] = Ran(1, "", "")
        self.run_apply(server)
        self.assertIn("Kong will not answer for some seconds: a second Kong did not become healthy", server.printed)
        self.nothing_left(server)

    def test_not_without_memory_for_a_second_one(self) -> None:
        for kb, fits in ((1500, True), (1499, False)):
            server = self.overlap(self.before())
            server.docker.memory = 1000 << 10
            server.write("/proc/meminfo", f"MemTotal: 9999 kB\nMemAvailable:  {kb} kB\n")
            self.run_apply(server)
            self.assertEqual(not fits, "there is not enough memory for a second one" in server.printed)
            self.nothing_left(server)

    def test_not_on_a_data_plane(self) -> None:
        """Both would use the same LMDB files, whose locks go by process ids."""
        server = self.overlap(self.before())
        with server.patched():
            context = server.context()
            kong = self.kong(server)
            self.assertTrue(nothing_else_changes(context, kong))
            data_plane = context._replace(plan=context.plan._replace(cluster=True))
            self.assertFalse(nothing_else_changes(data_plane, kong))

    def test_a_kong_that_does_not_become_well_leaves_the_second_one(self) -> None:
        server = self.overlap(self.before())
        server.outside.statuses[NEW, 80] = ""
        self.assertEqual(1, server.run("apply"))
        self.assertIn("a second Kong answers until the next run", server.printed)
        for address in (OLD, NEW):
            self.assertIn(f"ip6 daddr {address} tcp", server.handover)
        self.assertEqual(1, server.run("verify"))
        self.assertIn("a second Kong answers instead of Kong", server.printed)
        server.outside.statuses.clear()
        self.assertEqual(
            ["handover: the second Kong of an interrupted run will be removed"], self.changes(server, "handover")
        )
        self.run_apply(server)
        self.nothing_left(server)


class KilledAnywhere(Handover):
    def moments(self) -> list[int]:
        server = self.overlap(self.before(ufw=True))
        self.run_apply(server)
        steps = [f"{kind} {what}" for kind, what, _ in server.events]
        first = next(at for at, step in enumerate(steps) if "/networks/create" in step)
        return [at for at, step in enumerate(steps) if at >= first and "fsync" not in step]

    def test_the_next_apply_leaves_nothing_of_it(self) -> None:
        for moment in self.moments():
            server = self.overlap(self.before(ufw=True))
            with self.assertRaises(Killed):
                server.run("apply", kill_at=moment)
            with self.subTest(after=server.events[-1]):
                # Its rules stay as long as it answers.
                self.assertNotIn("kong_handover", "".join(self.changes(server, "ufw")))
                self.run_apply(server)
                self.nothing_left(server)
                self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)

    def test_a_rollback_leaves_nothing_of_it(self) -> None:
        server = self.server().with_ufw()
        before = server.state()
        for moment in self.moments():
            server = self.overlap(self.before(ufw=True))
            with self.assertRaises(Killed):
                server.run("apply", kill_at=moment)
            with self.subTest(after=server.events[-1]):
                self.assertEqual(0, server.run("rollback"), server.printed)
                self.nothing_left(server)
                self.same_state(before, server.state())


class Made(Handover):
    def test_it_is_kong_without_its_names_and_its_own_address(self) -> None:
        kong = self.kong(self.before())
        # Bug: the backend address was replaced within longer ones, and in other variables.
        others = ["KONG_TRUSTED_IPS=172.30.0.100/32", "KONG_STATUS_LISTEN=172.30.0.1001:8007"]
        kong["Config"]["Env"] += others
        made = copy_of(kong, "172.30.0.100")
        self.assertEqual(others, made["Env"][-2:])
        del made["Env"][-2:]
        self.assertEqual(kong["Image"], made["Image"])
        self.assertEqual(["KONG_ADMIN_LISTEN=127.0.0.1:8001, 127.0.0.2:8001", "KONG_DATABASE=postgres"], made["Env"])
        self.assertEqual(({}, "", 60), (made["Labels"], made["Hostname"], made["StopTimeout"]))
        host = made["HostConfig"]
        self.assertEqual((NETWORK, {"Name": "always"}), (host["NetworkMode"], host["RestartPolicy"]))
        self.assertEqual((["ALL"], ["CAP_NET_BIND_SERVICE"]), (host["CapDrop"], host["CapAdd"]))
        self.assertEqual({"80/tcp", "443/tcp"}, set(host["PortBindings"]))
        self.assertEqual({""}, {one["HostPort"] for all_ in host["PortBindings"].values() for one in all_})

    def test_its_networks_name_is_the_first(self) -> None:
        """libnetwork: the first has the default routes. A project's name begins with a letter or digit."""
        self.assertLess(NETWORK, "00_kong-net")
        self.assertLess(NETWORK, "0_kong-net")

    def test_what_is_translated(self) -> None:
        server = self.before()
        kong, at = self.kong(server), {"IPAddress": "172.19.0.2", "GlobalIPv6Address": "fd8c::2"}
        text = tables(server.context(), kong, at)
        self.assertIn(f"ip6 daddr {OLD} tcp dport {{ 80, 443 }} dnat to fd8c::2\n", text)
        self.assertIn(f"ip6 saddr fd8c::2 oifname != kong_handover snat to {OLD}\n", text)
        self.assertIn("ip daddr 1.2.3.4 tcp dport 443 dnat to 172.19.0.2:443\n", text)
        for bindings in kong["HostConfig"]["PortBindings"].values():
            bindings[0]["HostIp"] = "0.0.0.0"
        self.assertIn("fib daddr type local tcp dport 80 dnat to", tables(server.context(), kong, at))


class Stopped(Handover):
    def test_which_clients_do_not_have_their_answer_yet(self) -> None:
        """The kernel's own lines (6.12): one that listens, one with nothing to send, one that is behind."""
        server = self.server()
        rest = "00:00000000 00000000     0        0 8135 1 0000000000000000 100 0 0 10 0"
        peer = "0100007F:0050 0100007F:8A"
        lines = [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            f"   0: 00000000:0050 00000000:0000 0A 00000000:00000000 {rest}",
            f"   1: {peer}4C 01 00000000:00000A10 {rest}",
            f"   2: {peer}5E 01 0003F000:00000000 {rest}",
        ]
        server.write("/proc/2768/net/tcp", "\n".join([*lines, ""]))
        self.assertEqual({f"{peer}5E"}, behind(server.context(), 2768))
        self.assertEqual(set(), behind(server.context(), 2769))
