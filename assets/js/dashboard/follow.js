import { followToken } from "../admin-token"
import { learnTime } from "../server-clock"
import { createChart } from "./chart"
import { createEvents } from "./events"
import { createNodes } from "./nodes"
import { createPaces } from "./paces"
import { createPages } from "./pages"
import { releaseByButton } from "./release"
import { restockByButton } from "./restock"
import { keepState } from "./state"
import { createStock } from "./stock"
import { createSums } from "./sums"
import { createTroubles } from "./troubles"

// Keeps the page as the server sums up the shop, and returns the channel by which it is told.
export function followDashboard(socket) {
  let asked = 0
  const channel = socket.channel("admin:dashboard", () => {
    asked = Date.now()
    return {}
  })
  channel.on("state", ({ now }) => learnTime(now, asked))
  const find = (name) => document.querySelector(`[data-${name}]`)
  const live = () => channel.state === "joined" && socket.isConnected()
  const sums = createSums(find("sums"), live)
  const stock = createStock(find("stock"))
  const retells = [
    releaseByButton(find("release-dialog"), stock, channel),
    restockByButton(find("restock-dialog"), stock, channel),
  ]
  keepState(
    channel,
    [sums.note, createPaces(stock.cards, live)],
    [
      createTroubles(find("troubles")),
      sums.show,
      createChart(find("chart")),
      createPages(find("pages")),
      createEvents(find("events")),
      createNodes(find("nodes")),
      stock.show,
      ...retells,
    ],
  )
  followToken(channel)
  channel.join()
  return channel
}
