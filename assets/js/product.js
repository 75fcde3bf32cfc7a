import { showLevel, showSizes, showsSizes } from "./sizes"

// Keeps one product block as the server knows it. The join reply comes after every connect, so a tab that was away
// is right again by itself.
export function followProduct(socket, block) {
  const channel = socket.channel(`product:${block.dataset.productId}`, () => ({ released: showsSizes(block) }))

  channel.on("released", ({ size_html }) => showSizes(block, size_html))
  channel.on("stock_change", ({ item_id, level }) => showLevel(block, item_id, level))

  channel.join()
    .receive("ok", (reply) => bringUpToDate(block, reply))
    .receive("error", ({ reason }) => {
      if (reason === "not_found") channel.leave()
    })
}

// A reply that says "not released" to a page with sizes comes from a node that lags: it will push `released`.
function bringUpToDate(block, { size_html, levels = {} }) {
  if (size_html) showSizes(block, size_html)
  for (const [itemId, level] of Object.entries(levels)) showLevel(block, itemId, level)
}
