/** Numbers as people read them on a terminal. */

/** Made once, when it is wanted: making it costs as much as a thousand numbers. */
let grouping: Intl.NumberFormat | undefined

/** 1234567 → `1,234,567`. */
export function grouped(value: number): string {
  grouping ??= new Intl.NumberFormat("en-US")
  return grouping.format(Math.round(value))
}

/** `0.4 s`, `12 s`, `3 min 20 s`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
}

/** `512 B`, `12.3 KB`, `1.2 MB`, `3.4 GB`. */
export function byteSize(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"]
  let unit = 0
  while (bytes >= 999.5 && unit < units.length - 1) {
    bytes /= 1000
    unit++
  }
  return `${unit === 0 ? bytes : bytes.toPrecision(3)} ${units[unit]}`
}

/** `45.2 thousand`, `4.3 million`. */
export function largeCount(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toPrecision(3)} billion`
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} million`
  return grouped(value)
}

const BLOCKS = "▁▂▃▄▅▆▇█"

/** A curve of as many characters as `width`, each the mean of its share of the numbers. */
export function sparkline(values: readonly number[], width = 16): string {
  const columns = Math.min(width, values.length)
  const means = Array.from({ length: columns }, (_, column) => {
    const share = values.slice(
      Math.floor((column * values.length) / columns),
      Math.max(
        Math.floor(((column + 1) * values.length) / columns),
        Math.floor((column * values.length) / columns) + 1,
      ),
    )
    return share.reduce((sum, value) => sum + value, 0) / share.length
  })
  const lowest = Math.min(...means)
  const range = Math.max(...means) - lowest || 1
  return means.map((mean) => BLOCKS[Math.min(7, Math.floor(((mean - lowest) / range) * 8))]).join("")
}

/** Text on one line: line ends and control characters as marks, cut to a length. */
export function onOneLine(text: string, longest = 160): string {
  const flat = text.replace(/\s+/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "·")
  return flat.length > longest ? `${flat.slice(0, longest - 1)}…` : flat
}
