import { setTimeout as sleep } from "node:timers/promises";
import { FailedError } from "../base/errors.ts";
import { stateCommand } from "./change-state.ts";
import { connect } from "./connect.ts";
import type { Connection } from "./connection.ts";
import type { Deployment } from "./deployment.ts";
import { parsedObject, row } from "./row.ts";

/**
 * What became of the change. waiting: for its confirmation; incomplete: only a revert is possible; none: the
 * server knows nothing of it.
 */
export type ChangeState =
  "waiting" | "incomplete" | "confirmed" | "reverted" | "none" | "unreachable";

/** How long a revert may take until the server can be reached again, in seconds. */
const SLACK = 60;

/** The server after apply.sh, through new connections: one that breaks is replaced. */
export class Reached {
  readonly #deployment: Deployment;
  readonly #before: Connection;
  readonly #digest: string;
  #connection: Connection | undefined;

  /**
   * @param before the connection through which apply.sh ran
   * @param digest identifies the change
   */
  constructor(deployment: Deployment, before: Connection, digest: string) {
    this.#deployment = deployment;
    this.#before = before;
    this.#digest = digest;
  }

  /** What the server says about the change, when no run is going on there any more. */
  async state(): Promise<ChangeState> {
    let until = this.#limit();
    for (;;) {
      this.#connection ??= await this.#connect(until);
      if (this.#connection === undefined) return "unreachable";
      const command = stateCommand(this.#deployment.path, this.#digest);
      const { code, stdout } = await this.#connection.run(command);
      if (code === 255) {
        await this.#connection.close();
        this.#connection = undefined;
        if (performance.now() > until) return "unreachable";
      } else {
        const { state } = parsedObject(lastLine(stdout)) ?? {};
        if (state !== "busy") return known(state);
        until = this.#limit();
      }
      await sleep(1000);
    }
  }

  /** The connection of the last state(). */
  get connection(): Connection {
    return this.#connection ?? this.#before;
  }

  async close(): Promise<void> {
    await this.#connection?.endHelper();
    await this.#connection?.close();
  }

  /** Until then the server has reverted what can't be confirmed. */
  #limit(): number {
    return performance.now() + (this.#deployment.confirmWithin + SLACK) * 1000;
  }

  /** At the address after the change, or before it. @returns undefined if there is none in time */
  async #connect(until: number): Promise<Connection | undefined> {
    const { logins, say } = this.#deployment;
    const { target, helper } = this.#before;
    const others = logins.filter((login) => login !== target);
    for (let isFirst = true; ; isFirst = false) {
      try {
        const own = [target, ...others] as const;
        const opened = await connect(this.#deployment, own, helper);
        say(row("reconnect", "ok", opened.target));
        return opened;
      } catch (error) {
        if (!(error instanceof FailedError)) throw error;
        if (performance.now() + 2000 > until) {
          say(row("reconnect", "fail", error.message, error.remedy));
          return undefined;
        }
        const seconds = Math.round((until - performance.now()) / 1000);
        const again = `${error.message}. It is tried for ${seconds} seconds`;
        if (isFirst) say(row("reconnect", "...", again));
        await sleep(1000);
      }
    }
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

const known = (state: unknown): ChangeState =>
  state === "waiting" ||
  state === "incomplete" ||
  state === "confirmed" ||
  state === "reverted"
    ? state
    : "none";
