import uPlot from "uplot"
import { counted, money, shortNumber } from "./numbers"
import { setText } from "./paint"

const height = 220
const none = []

// Orders and revenue of each minute of the last hour. A screen reader has the sum in words.
export function createChart(panel) {
  const place = panel.querySelector("[data-chart-plot]")
  const words = panel.querySelector("[data-chart-words]")
  let plot = null
  let seen = null

  function draw() {
    plot?.destroy()
    plot = new uPlot(optionsFor(place), dataOf(seen ?? none), place)
  }

  new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height })).observe(place)
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw) // colours are painted, not styled

  return ({ orders = {} }) => {
    const minutes = orders.per_minute ?? none
    if (minutes === seen) return
    seen = minutes
    if (plot) plot.setData(dataOf(minutes))
    else draw()
    setText(words, wordsOf(minutes))
  }
}

// The last minute is the present one. Times are in seconds.
function dataOf(minutes, now = Date.now()) {
  const last = Math.floor(now / 60_000) * 60
  return [
    minutes.map((_, i) => last - 60 * (minutes.length - 1 - i)),
    minutes.map(({ orders }) => orders),
    minutes.map(({ revenue_cents }) => revenue_cents / 100),
  ]
}

function wordsOf(minutes) {
  const orders = minutes.reduce((sum, one) => sum + one.orders, 0)
  if (orders === 0) return "No orders in the last hour."
  const cents = minutes.reduce((sum, one) => sum + one.revenue_cents, 0)
  const most = Math.max(...minutes.map((one) => one.orders))
  return `${counted(orders, "order")} for ${money(cents)} in the last hour, ${most} in the fullest minute.`
}

function optionsFor(place) {
  const style = getComputedStyle(place)
  const color = (name) => style.getPropertyValue(`--color-${name}`).trim()
  const axis = {
    stroke: color("ink-soft"),
    grid: { stroke: color("line"), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  }
  const numbers = (_, values) => values.map(shortNumber)
  return {
    width: place.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [12, 4, 0, 4],
    scales: { orders: { range: fromZero }, revenue: { range: fromZero } },
    axes: [
      { ...axis, space: 70, size: 28, grid: { show: false }, values: "{HH}:{mm}" },
      { ...axis, scale: "orders", size: 40, values: numbers, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
      { ...axis, scale: "revenue", side: 1, size: 52, grid: { show: false }, values: (_, values) => values.map((v) => `$${shortNumber(v)}`) },
    ],
    series: [
      {},
      { scale: "orders", fill: color("ink"), paths: uPlot.paths.bars({ size: [0.7, 14] }), points: { show: false } },
      { scale: "revenue", stroke: color("accent"), width: 2, points: { show: false } },
    ],
  }
}

// The axes begin at 0, and do not jump about while there is little.
const fromZero = (_, min, max) => [0, Math.max(4, (max ?? 0) * 1.1)]
