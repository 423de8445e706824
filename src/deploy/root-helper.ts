import { singleQuoted } from "../base/shell.ts";

/**
 * Runs as root on the server, in the background. It listens on a socket that only the user of the login
 * can use, who has just shown that sudo lets them, and runs each command with the standard streams that
 * come with it. It ends at an empty command, or after a quarter of an hour without one.
 */
const HELPER = `
import os, socket, sys
folder = sys.argv[1]
path, owner = folder + "/s", os.lstat(folder).st_uid
os.chdir("/")
os.umask(0o077)
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.bind(path)
os.chown(path, owner, -1, follow_symlinks=False)
server.listen()
ready, started = os.pipe()
if os.fork():
    os.close(started)
    os.read(ready, 1)
    os._exit(0)
os.setsid()
os.umask(0o022)
null = os.open("/dev/null", os.O_RDWR)
for descriptor in (0, 1, 2):
    os.dup2(null, descriptor)
os.close(started)
server.settimeout(900)
try:
    while True:
        connection = server.accept()[0]
        command, streams, _, _ = socket.recv_fds(connection, 1 << 17, 3)
        if not command:
            break
        child = os.fork()
        if child == 0:
            for number, descriptor in enumerate(streams):
                os.dup2(descriptor, number)
            os.execv("/bin/sh", ["sh", "-c", command.decode()])
        for descriptor in streams:
            os.close(descriptor)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        try:
            connection.send(str(code & 255).encode())
        except OSError:
            pass
        connection.close()
except socket.timeout:
    pass
os.unlink(path)
os.rmdir(folder)
`;

/** Gives the helper a command and its own standard streams. */
const CLIENT = `
import socket, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect(sys.argv[1] + "/s")
if sys.argv[2]:
    socket.send_fds(connection, [sys.argv[2].encode()], [0, 1, 2])
    sys.exit(int(connection.recv(16) or b"1"))
`;

export const helperCommand = (folder: string): string =>
  `sudo python3 -B -c ${singleQuoted(HELPER)} ${singleQuoted(folder)}`;

/** @param command of a POSIX shell; empty: the helper ends */
export const clientCommand = (folder: string, command: string): string =>
  `python3 -B -c ${singleQuoted(CLIENT)} ${singleQuoted(folder)} ${singleQuoted(command)}`;
