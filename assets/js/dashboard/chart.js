import { zoneOf } from "../moment.js"
import { minutesUntil, wordsFor, wordsForMinute } from "./last-hour"
import { setText } from "./paint"
import { createPlot } from "./plot"

const format = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" })
const clock = (seconds) => format.format(seconds * 1000)

// Orders and revenue by the minute, drawn and in words. Under the pointer they are those of one
// minute.
export function createChart(panel) {
  const words = panel.querySelector("[data-chart-words]")
  let minutes = null
  let times = []
  let pointed = null

  let plot = null // without numbers there is nothing to draw

  function point(index) {
    pointed = index
    tell()
  }

  function tell() {
    if (!minutes) return
    const one = minutes[pointed]
    setText(words, one ? wordsForMinute(one, times[pointed], clock) : wordsFor(minutes, times, clock))
  }

  return ({ orders }) => {
    if (!orders?.minute || orders.per_minute === minutes) return // 0: the server has not summed any up yet
    minutes = orders.per_minute
    plot ??= createPlot(panel.querySelector("[data-chart-plot]"), clock, point)
    times = minutesUntil(orders.minute, minutes.length)
    setText(panel.querySelector("[data-zone]"), zoneOf(new Date()))
    plot(
      times,
      minutes.map((minute) => minute.orders),
      minutes.map((minute) => minute.revenue_cents / 100),
    )
    tell()
  }
}
