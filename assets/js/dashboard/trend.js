import { grouped } from "./numbers.js"
import { setAttribute, setText } from "./paint.js"

const shownMs = 5 * 60_000
const leastMs = 60_000
const everyMs = 2000
const width = 100
const height = 24

// A line of the last minutes, and their peak. begin takes what the server says of the time before;
// from there on the page remembers by itself.
export function createTrend(line, peak) {
  let samples = []

  function begin({ every_ms, shoppers }, now = Date.now()) {
    samples = shoppers.map((value, i) => ({ now: now - (shoppers.length - 1 - i) * every_ms, value }))
    draw(now)
  }

  function sample(value, now = Date.now()) {
    samples.push({ now, value })
    draw(now)
  }

  // Between two samples a peak must not be missed; and who samples may sleep, as timers do in a
  // hidden tab.
  function note(value, now = Date.now()) {
    if (!(now - samples.at(-1)?.now < everyMs) || value > peakOf(samples)) sample(value, now)
  }

  function draw(now) {
    samples = samples.filter((one) => now - one.now <= shownMs)
    setAttribute(line, "points", pointsOf(samples, now))
    setText(peak, grouped(peakOf(samples)))
  }

  return { begin, sample, note, everyMs }
}

const peakOf = (samples) => samples.reduce((most, { value }) => Math.max(most, value), 0)

// The present is at the right edge, and what is shown begins with the first sample, once there are
// some. The line stands on 0, so that its height says something: most is at its top.
export function pointsOf(samples, now, most = Math.max(1, peakOf(samples))) {
  const shown = Math.max(leastMs, now - (samples[0]?.now ?? now))
  return samples
    .map(
      (one) =>
        `${round(width * (1 - (now - one.now) / shown))},${round(height - 1 - (height - 2) * (one.value / most))}`,
    )
    .join(" ")
}

const round = (n) => Math.round(n * 10) / 10
