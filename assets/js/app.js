import { countDown } from "./countdown"
import { followConnection } from "./connection"
import { followProduct } from "./product"
import { askSession } from "./session"
import { createSocket } from "./transport"

function followProducts() {
  const blocks = document.querySelectorAll(".product-listing[data-product-id]")
  if (blocks.length === 0) return

  const socket = createSocket("/product_socket")
  const hint = document.querySelector("[data-connection]")
  if (hint) followConnection(socket, hint)
  for (const block of blocks) followProduct(socket, block)
  socket.connect()
}

for (const time of document.querySelectorAll("[data-countdown]")) countDown(time)
followProducts()
askSession()
