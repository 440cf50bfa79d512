/** What else runs on this machine: beside others, threads that wait for each other lose far more than their share. */
import { cpus } from "node:os"
import { setTimeout as wait } from "node:timers/promises"

/** Cores that others may keep busy while a figure still counts. */
export const QUIET_CORES = 0.25

/** Cores that were busy during a second in which this program did nothing; undefined where the system does not tell. */
export async function busyCores(): Promise<number | undefined> {
  const idle = () => cpus().reduce((sum, { times }) => sum + times.idle, 0)
  const [before, start] = [idle(), performance.now()]
  if (before === 0) return undefined
  await wait(1000)
  const passed = performance.now() - start
  return Math.max(0, cpus().length - (idle() - before) / passed)
}

/** Whether a figure was taken beside other programs. */
export function isBusy(othersLoad: number | undefined): boolean {
  return othersLoad !== undefined && othersLoad > QUIET_CORES
}
