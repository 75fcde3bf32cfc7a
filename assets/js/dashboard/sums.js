import { briefMoney, counted, grouped, money } from "./numbers.js"
import { setText } from "./paint.js"
import { createTrend } from "./trend.js"

// The numbers at the top. live tells whether they are those of now.
export function createSums(tiles, live) {
  const find = (name) => tiles.querySelector(`[data-${name}]`)
  const count = tiles.querySelector("#shopper-count")
  const said = ["tabs", "orders", "orders-now", "revenue", "revenue-now", "left", "sold", "in-carts"].map((name) => [
    name,
    find(name),
  ])
  const trend = createTrend(find("trend"), find("peak"))
  let latest = 0

  setInterval(() => live() && trend.sample(latest), trend.everyMs)

  function note({ shoppers = 0, recent }, some) {
    latest = shoppers
    if (!some && recent) trend.begin(recent) // all is new
    trend.note(latest)
  }

  function show(state) {
    setText(count, grouped(state.shoppers ?? 0))
    const words = wordsOf(state)
    for (const [name, node] of said) setText(node, words[name])
  }

  return { note, show }
}

function wordsOf({ tabs = 0, orders = {}, items = {} }) {
  const now = orders.per_minute?.at(-1) ?? { orders: 0, revenue_cents: 0 }
  const all = Object.values(items)
  const sum = (of) => grouped(all.reduce((total, item) => total + (of(item) ?? 0), 0))
  return {
    tabs: counted(tabs, "tab"),
    orders: grouped(orders.count ?? 0),
    "orders-now": grouped(now.orders),
    revenue: briefMoney(orders.revenue_cents ?? 0),
    "revenue-now": money(now.revenue_cents),
    left: sum((item) => item.available),
    sold: sum((item) => item.sold),
    "in-carts": sum((item) => item.in_carts),
  }
}
