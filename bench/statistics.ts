/** Order statistics and interleaving: what makes figures of a noisy machine comparable. */

/** The value below which the share `share` (0 to 1) of the values lies; NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The middle value; NaN for no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Values of two contenders, one of each round; the same index is the same round. */
export interface Rounds<Ours, Rival> {
  readonly ours: readonly Ours[];
  readonly rival: readonly Rival[];
}

/**
 * Runs both contenders `rounds` times, one after the other. Who goes first changes with each round, so that
 * drift of the machine (heat, neighbours) falls on both alike.
 */
export async function interleave<Ours, Rival>(
  rounds: number,
  runOurs: () => Promise<Ours>,
  runRival: () => Promise<Rival>,
): Promise<Rounds<Ours, Rival>> {
  const ours: Ours[] = [];
  const rival: Rival[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) ours.push(await runOurs());
    rival.push(await runRival());
    if (round % 2 === 1) ours.push(await runOurs());
  }
  return { ours, rival };
}

/** Combines the two values of each round. */
export function perRound<Ours, Rival>(
  { ours, rival }: Rounds<Ours, Rival>,
  combine: (ours: Ours, rival: Rival) => number,
): number[] {
  return ours.flatMap((own, round) => {
    const other = rival[round];
    return other === undefined ? [] : [combine(own, other)];
  });
}
