import { createPace, slotMs } from "./pace.js"

const least = 5 // pairs at the top of a line: one that is sold makes no peak

// How fast every size sells, and every product as a whole. The sizes of a product are drawn by one
// scale, so that those in demand stand out. It returns what notes the pairs sold when they come:
// what was sold before is not sold now.
export function createPaces(cards, live) {
  const products = cards.map(({ element, sizes }) => ({
    all: createPace(element.querySelector("tfoot polyline")),
    sizes: sizes.map(({ id, row }) => ({ id, pace: createPace(row.querySelector("polyline")), sold: undefined })),
  }))
  const byId = new Map(products.flatMap((product) => product.sizes.map((size) => [size.id, { product, size }])))

  function begin(items) {
    for (const [id, { size }] of byId) size.sold = items[id]?.sold
    draw()
  }

  function count(id, sold, slot) {
    const { product, size } = byId.get(id) ?? {}
    if (!size) return
    const before = size.sold
    size.sold = sold
    if (!(sold > before)) return // it is new or gone, or orders were cancelled
    for (const pace of [size.pace, product.all]) pace.add(sold - before, slot)
  }

  function draw(slot = slotAt(Date.now())) {
    for (const { all, sizes } of products) {
      all.draw(slot, Math.max(least, all.busiest(slot)))
      const most = sizes.reduce((most, { pace }) => Math.max(most, pace.busiest(slot)), least)
      for (const { pace } of sizes) pace.draw(slot, most)
    }
  }

  // when a slot is over
  function plan() {
    setTimeout(
      () => {
        if (live()) draw()
        plan()
      },
      slotMs - (Date.now() % slotMs),
    )
  }
  plan()

  return ({ items = {} }, some) => {
    if (!some) return begin(items)
    for (const id of Object.keys(some.items ?? {})) count(id, items[id]?.sold, slotAt(Date.now()))
  }
}

const slotAt = (now) => Math.floor(now / slotMs)
