import { followCart } from "./cart"
import { changeByForms } from "./cart-forms"
import { markCartInView } from "./cart-in-view"
import { countDown } from "./countdown"
import { followConnection } from "./connection"
import { followProduct } from "./product"
import { dismissByKey } from "./toast"
import { createSocket } from "./transport"

function follow() {
  const blocks = document.querySelectorAll(".product-listing[data-product-id]")
  const box = document.querySelector("#cart-container")
  if (blocks.length === 0 && !box) return

  const socket = createSocket("/product_socket")
  const hint = document.querySelector("[data-connection]")
  if (hint) followConnection(socket, hint)
  for (const block of blocks) followProduct(socket, block)
  if (box) {
    markCartInView(box)
    changeByForms(followCart(socket, box))
  }
  socket.connect()
}

for (const time of document.querySelectorAll("[data-countdown]")) countDown(time)
dismissByKey()
follow()
