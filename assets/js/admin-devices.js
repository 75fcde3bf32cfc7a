import { readToken } from "./admin-token"
import { followDevices } from "./devices/follow"
import { showLiveState } from "./live-state"
import { createSocket } from "./transport"

readToken()
const socket = createSocket("/admin_socket", { authToken: () => window.adminToken })
showLiveState(followDevices(socket), document.querySelector("[data-live-state]"))
socket.connect()
