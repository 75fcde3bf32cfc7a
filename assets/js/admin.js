import { readToken } from "./admin-token"
import { countDown } from "./countdown"
import { followDashboard } from "./dashboard/follow"
import { showLiveState } from "./live-state"
import { createSocket } from "./transport"

// a token that was renewed counts from the next connect on
readToken()
const socket = createSocket("/admin_socket", { params: () => ({ token: window.adminToken }) })
for (const time of document.querySelectorAll("[data-countdown]")) countDown(time)
showLiveState(followDashboard(socket), document.querySelector("[data-live-state]"))
socket.connect()
