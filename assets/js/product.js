import { showSchedule } from "./countdown"
import { showProduct } from "./product-block"
import { sayReleased } from "./released"
import { learnTime } from "./server-clock"
import { nameShelves } from "./shelves"
import { showLevel, showSizes, showsSizes } from "./sizes"

const patience = 3 // joins in which a product is not found before the page says that it is gone

// Keeps one product block as the server knows it. The join reply comes after every connect, so a
// tab that was away is right again by itself.
export function followProduct(socket, block) {
  let asked = 0
  const channel = socket.channel(`product:${block.dataset.productId}`, () => {
    asked = Date.now()
    return { released: showsSizes(block), shown: block.dataset.shown }
  })

  channel.on("product", ({ html }) => {
    showProduct(block, html)
    nameShelves()
  })
  channel.on("released", ({ size_html }) => {
    release(block, size_html)
    nameShelves()
  })
  channel.on("scheduled", ({ release_at }) => showSchedule(block, release_at))
  channel.on("stock_change", ({ item_id, level }) => {
    showLevel(block, item_id, level)
    nameShelves()
  })

  // a refused join is tried again by the channel: a node may lag behind the one that made the page
  let unknown = 0
  channel
    .join()
    .receive("ok", (reply) => {
      unknown = 0
      learnTime(reply.now, asked)
      bringUpToDate(block, reply)
    })
    .receive("error", ({ reason }) => {
      if (reason === "not_found" && ++unknown === patience) showProduct(block, "")
    })
}

function release(block, html) {
  if (showsSizes(block)) return

  showSizes(block, html)
  const name = block.querySelector(".product-listing__name")?.textContent.trim()
  if (name) sayReleased(name)
}

// A reply with the block comes to a page that shows the product as it was.
function bringUpToDate(block, { html, size_html, release_at, levels = {} }) {
  if (html) showProduct(block, html)
  if (size_html) release(block, size_html)
  showSchedule(block, release_at)
  for (const [itemId, level] of Object.entries(levels)) showLevel(block, itemId, level)
  nameShelves()
}
