import type { Socket } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";

export interface Certificate {
  readonly address: string;
  readonly port: number;
  readonly issuer: string;
  readonly names: readonly string[];
  /** Until it expires; negative afterwards. */
  readonly daysLeft: number;
  /** Whether it is valid for the domain and from an authority that Node knows. */
  readonly trusted: boolean;
  /** Whether it is the one that Kong makes itself if none is configured. */
  readonly selfSignedByKong: boolean;
  /** false: it has expired, or a client that asks for the domain does not trust it. */
  readonly ok: boolean;
}

/**
 * Makes a TLS connection of a TCP connection. Any certificate will do: it is what is looked at.
 * @param domain the name that is asked for; undefined if there is none
 * @returns undefined if there is no TLS
 */
export async function secured(
  socket: Socket,
  address: string,
  domain: string | undefined,
  timeout: number,
): Promise<TLSSocket | undefined> {
  const { connect } = await import("node:tls");
  return await new Promise((resolve) => {
    const secure = connect({
      socket,
      host: address,
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      ...(domain !== undefined && { servername: domain }),
    });
    const end = (): void => {
      socket.destroy();
      resolve(undefined);
    };
    const timer = setTimeout(end, timeout);
    secure.on("error", () => {
      clearTimeout(timer);
      end();
    });
    secure.once("secureConnect", () => {
      clearTimeout(timer);
      resolve(secure);
    });
  });
}

/** What the server's certificate says. */
export function certificateOf(
  secure: TLSSocket,
  address: string,
  port: number,
  domain: string | undefined,
  now = Date.now(),
): Certificate {
  const peer = secure.getPeerCertificate();
  const seen = {
    address,
    port,
    issuer: nameOf(peer.issuer),
    names: namesIn(peer),
    daysLeft: Math.floor((Date.parse(peer.valid_to) - now) / 86_400_000),
    trusted: secure.authorized,
    selfSignedByKong:
      one(peer.subject?.CN) === "localhost" && one(peer.issuer?.O) === "Kong",
  };
  return { ...seen, ok: isGood(seen, domain) };
}

/** Kong's own certificate is expected until there is another one; without a domain none can be trusted. */
export const isGood = (
  seen: Pick<Certificate, "daysLeft" | "trusted" | "selfSignedByKong">,
  domain: string | undefined,
): boolean =>
  seen.daysLeft >= 0 &&
  (seen.trusted || seen.selfSignedByKong || domain === undefined);

/** A field of a name can be there several times. */
const one = (field: string | string[] | undefined): string =>
  (Array.isArray(field) ? field[0] : field)?.slice(0, 100) ?? "";

function nameOf(issuer: PeerCertificate["issuer"] | undefined): string {
  const [organisation, name] = [one(issuer?.O), one(issuer?.CN)];
  return [organisation, name].filter((part) => part !== "").join(", ");
}

function namesIn({ subject, subjectaltname }: PeerCertificate): string[] {
  const names = (subjectaltname ?? "")
    .split(", ")
    .flatMap((entry) => /^(?:DNS|IP Address):(.*)$/s.exec(entry)?.[1] ?? []);
  return (names.length > 0 ? names : [one(subject?.CN)])
    .filter((name) => name !== "")
    .slice(0, 20);
}
