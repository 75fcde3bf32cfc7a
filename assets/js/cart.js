import { showCart } from "./cart-box"
import { agreeOnCartId } from "./cart-id"
import { showFlash } from "./flash"
import { createMirror } from "./mirror"
import { askSession, tellSession } from "./session"
import { recall, remember } from "./storage"
import { say } from "./toast"

const stored = "storedCart"

// Keeps the cart of this tab as all tabs have it. The server merges what they bring; localStorage keeps it between visits.
export function followCart(socket, box) {
  const mirror = createMirror()
  let channel = null
  let items = null // until the server has said

  async function start() {
    const session = await askSession().catch((error) => console.warn("no session", error))
    if (session?.flash) showFlash(session.flash)
    const id = agreeOnCartId(session?.cart_id, moveTo)
    if (!id) return // forms still work

    window.cartId = id
    await bringTogether(id, session).catch((error) => console.warn("the session is not told", error))
    if (!channel) join(id)
  }

  // The channel is told one cart, so what forms did is merged into what tabs did before.
  async function bringTogether(id, session) {
    const kept = recall(stored)
    const told = session?.serialized_cart
    if (told && !kept) remember(stored, told)
    if (session?.cart_id === id && (!kept || told === kept)) return

    const { serialized_cart } = await tellSession(id, kept)
    if (serialized_cart) remember(stored, serialized_cart)
  }

  // Another tab's name for the cart holds.
  function moveTo(id) {
    join(id)
    tellSession(id, recall(stored)).catch((error) => console.warn("the session is not told", error))
  }

  function join(id) {
    channel?.leave()
    window.cartId = id
    const joined = socket.channel(`cart:${id}`, () => ({ serialized: recall(stored), page: location.pathname }))
    joined.on("cart", (cart) => joined === channel && show(cart))
    joined.join()
    channel = joined
  }

  function show(cart) {
    const before = items
    items = cart.items
    showCart(box, cart)
    box.dataset.live = ""
    if (before) tellOfSoldOut(before, items)
    const known = before ? idsOf(before) === idsOf(items) : items.length === 0 || recall(stored)
    if (known) return // what is kept says the same

    remember(stored, cart.serialized)
    mirror(window.cartId, cart.serialized)
  }

  start()
  return {
    // Without a joined channel, forms do it.
    ready: () => channel?.state === "joined" && socket.isConnected(),
    line: (id) => items?.find((item) => item.id === Number(id)),
    push: (event, payload) => channel.push(event, payload).receive("ok", show),
  }
}

const idsOf = (items) => items.map(({ id }) => id).join()

function tellOfSoldOut(before, now) {
  const were = new Set(before.filter((item) => !item.out_of_stock).map(({ id }) => id))
  for (const { id, out_of_stock, name, size } of now) {
    if (out_of_stock && were.has(id)) say(`${name}, size ${size} just sold out.`)
  }
}
