import type { AnswerKey, Answers } from "../answers/types.ts";
import { valuesOf, type Detected, type Detector } from "./infer/types.ts";
import { detectorFor, localDetector } from "./detector.ts";
import { warningText } from "./print.ts";
import { survey, type Given } from "../answers/resolve.ts";
import { styleFor } from "../base/colors.ts";
import { isTerminal, write } from "../base/stdio.ts";

/** Detected answers as defaults of a run of create or regenerate. */
export interface DetectedDefaults {
  /** Whether the owner asked for it by flag. */
  readonly explicit: boolean;
  /** Reads the server of the answer ssh, if there is one. @throws FailedError if that cannot be read */
  readonly detect: Detector;
  /** Detects before anything is asked. Prints the warnings to standard error. */
  readonly detectFirst: (given: Given) => Promise<Given>;
  /** The detected values that became answers, with their sources. */
  readonly used: (answers: Answers) => Detected[];
}

/** The server of the answer ssh. Without it this machine: always with --detect, otherwise if it is the server. */
export function detectedDefaults(
  args: { detect: boolean; color: boolean },
  previous: Answers | undefined,
): DetectedDefaults {
  const terminal = isTerminal(0);
  const detectors = new Map<string, Detector>();
  const detectorOf = (target: string): Detector => {
    const known = detectors.get(target);
    if (known) return known;
    const detector =
      target !== "none"
        ? detectorFor(target, terminal, previous)
        : args.detect
          ? detectorFor(undefined, terminal, previous)
          : localDetector(previous);
    detectors.set(target, detector);
    return detector;
  };
  const detected = new Map<AnswerKey, Detected>();
  const detect: Detector = async (answers) => {
    const { ssh } = survey(answers, { defaults: false }).answers;
    const remembered = args.detect ? previous?.ssh : undefined;
    const detection = await detectorOf(ssh ?? remembered ?? "none")(answers);
    for (const one of detection.answers) detected.set(one.key, one);
    return detection;
  };
  return {
    explicit: args.detect,
    detect,
    detectFirst: async (answers) => {
      const { answers: found, warnings } = await detect(answers);
      const style = styleFor(isTerminal(2), args.color);
      for (const warning of warnings)
        write(2, `${warningText(warning, style)}\n`);
      return valuesOf(found);
    },
    // The owner may have answered a question otherwise.
    used: (answers) =>
      [...detected.values()].filter(({ key, value }) => answers[key] === value),
  };
}
