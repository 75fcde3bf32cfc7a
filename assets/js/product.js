import { showSchedule } from "./countdown"
import { showLevel, showSizes, showsSizes } from "./sizes"
import { say } from "./toast"

// Keeps one product block as the server knows it. The join reply comes after every connect, so a tab that was away
// is right again by itself.
export function followProduct(socket, block) {
  const channel = socket.channel(`product:${block.dataset.productId}`, () => ({ released: showsSizes(block) }))

  channel.on("released", ({ size_html }) => release(block, size_html))
  channel.on("scheduled", ({ release_at }) => showSchedule(block, release_at))
  channel.on("stock_change", ({ item_id, level }) => showLevel(block, item_id, level))

  // a refused join is tried again by the channel: a node may lag behind the one that made the page
  channel.join().receive("ok", (reply) => bringUpToDate(block, reply))
}

function release(block, html) {
  if (showsSizes(block)) return

  showSizes(block, html)
  const name = block.querySelector(".product-listing__name")?.textContent.trim()
  if (name) say(`${name} is released: pick a size.`)
}

// A reply that says "not released" to a page with sizes comes from a node that lags: it will push `released`.
function bringUpToDate(block, { size_html, release_at, levels = {} }) {
  if (size_html) release(block, size_html)
  showSchedule(block, release_at)
  for (const [itemId, level] of Object.entries(levels)) showLevel(block, itemId, level)
}
