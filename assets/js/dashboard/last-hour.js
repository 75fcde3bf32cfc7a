import { counted, money } from "./numbers.js"

const minuteMs = 60_000

// When each of n minutes began, in seconds, as a chart wants it; last is when the last of them did,
// in ms, by the server's clock.
export function minutesUntil(last, n) {
  return Array.from({ length: n }, (_, i) => (last - (n - 1 - i) * minuteMs) / 1000)
}

// Describes a chart of the minutes in words. clock formats a time.
export function wordsFor(minutes, times, clock) {
  const orders = minutes.reduce((sum, minute) => sum + minute.orders, 0)
  if (orders === 0) return "No orders in the last hour."

  const revenue = minutes.reduce((sum, minute) => sum + minute.revenue_cents, 0)
  const best = minutes.reduce((at, { orders }, i) => (orders >= minutes[at].orders ? i : at), 0)
  const most = `${counted(minutes[best].orders, "order")} at ${clock(times[best])}`
  return `${counted(orders, "order")}, ${money(revenue)}. The busiest minute: ${most}.`
}

export function wordsForMinute({ orders, revenue_cents }, time, clock) {
  return `${clock(time)}: ${counted(orders, "order")}, ${money(revenue_cents)}.`
}
