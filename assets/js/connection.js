const patienceMs = 4000

// Shows a hint when the page has been without its socket for some seconds. A shorter break is not
// shown. A hidden tab does not reconnect until it is looked at.
export function followConnection(socket, hint) {
  let timer = null

  function lost() {
    timer ??= setTimeout(() => {
      if (!document.hidden) hint.textContent = "Reconnecting…"
      timer = null
    }, patienceMs)
  }

  function found() {
    clearTimeout(timer)
    timer = null
    hint.textContent = ""
  }

  socket.onOpen(found)
  socket.onClose(lost)
  socket.onError(lost)
}
