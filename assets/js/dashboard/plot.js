/*! uPlot 1.6.32, https://github.com/leeoniya/uPlot

The MIT License (MIT)

Copyright (c) 2022 Leon Sorokin

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
*/
import uPlot from "uplot"
import { shortNumber } from "./numbers"

const height = 200
const font = "12px system-ui, sans-serif"

// Draws orders as bars and revenue as a line above the minutes. point is told the index of the
// minute under the pointer, or null. It returns what draws other numbers.
export function createPlot(box, clock, point) {
  const style = getComputedStyle(document.documentElement)
  const color = (name) => () => style.getPropertyValue(`--color-${name}`) // read per drawing: it differs at night
  const axis = { stroke: color("ink-soft"), font, ticks: { show: false }, border: { show: false } }
  const grid = { stroke: color("line"), width: 1 }
  const series = { points: { show: false } }
  const plot = new uPlot(
    {
      width: box.clientWidth || 300,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false }, points: { show: false } },
      scales: {
        x: { time: true, range: (_, first, last) => [first - 30, last + 30] }, // half a bar at both ends
        orders: { range: (_, __, most) => [0, top(most, 4)] },
        usd: { range: (_, __, most) => [0, top(most, 100)] },
      },
      axes: [
        { ...axis, grid: { show: false }, space: 70, size: 30, values: (_, times) => times.map(clock) },
        {
          ...axis,
          grid,
          scale: "orders",
          size: 44,
          space: 40,
          values: (_, ns) => ns.map((n) => (n % 1 === 0 ? shortNumber(n) : "")),
        },
        {
          ...axis,
          grid: { show: false },
          scale: "usd",
          side: 1,
          size: 56,
          space: 40,
          values: (_, ns) => ns.map((n) => `$${shortNumber(n)}`),
        },
      ],
      series: [
        {},
        { ...series, scale: "orders", fill: color("chart-orders"), paths: uPlot.paths.bars({ size: [0.7, 24] }) },
        { ...series, scale: "usd", stroke: color("chart-revenue"), width: 2 },
      ],
      hooks: { setCursor: [({ cursor }) => point(cursor.left >= 0 ? cursor.idx : null)] },
    },
    [[], [], []],
    box,
  )

  new ResizeObserver(([{ contentRect }]) => plot.setSize({ width: Math.floor(contentRect.width), height })).observe(box)
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw())
  return (...data) => plot.setData(data)
}

// Some room above the highest, and a scale that is not upset by the first few.
const top = (most, least) => Math.max(least, (most ?? 0) * 1.1)
