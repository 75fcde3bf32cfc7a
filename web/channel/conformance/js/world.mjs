import {createRequire} from "node:module"
import {setTimeout as pause} from "node:timers/promises"
import {inspect} from "node:util"
import {Inbox, waitFor} from "./inbox.mjs"

// The packages are those of the pages' scripts.
const require = createRequire(new URL("../../../../assets/package.json", import.meta.url))
const phoenix = require("phoenix")
export const {LongPoll, Presence} = phoenix
export const WebSocket = require("ws") // Node has none before version 22

// V1 as phoenix.js had it before it knew V2: an object, without a join_ref.
const v1 = {
  vsn: "1.0.0",
  encode: ({topic, event, payload, ref}, send) => send(JSON.stringify({topic, event, payload, ref})),
  decode: (text, deliver) => deliver({join_ref: null, ...JSON.parse(text)})
}

// phoenix.js ignores encode and decode if the transport is its very LongPoll.
class LongPollV1 extends LongPoll {}

// World is what a scenario knows: which transport and serializer it is to use, where the server is, and how to ask
// things of it that a client cannot.
export class World {
  constructor({transport, serializer, url, control, patience, full}){
    this.longpoll = transport === "longpoll"
    this.v1 = serializer === "v1"
    this.url = url
    this.address = control
    this.patience = patience
    this.full = full
    this.trace = []
    this.sockets = []
    waitFor(patience)
  }

  // with is the same world for another client.
  with({transport, serializer}){
    const {url, address: control, patience, full, trace, sockets} = this
    return Object.assign(new World({transport, serializer, url, control, patience, full}), {trace, sockets})
  }

  // socket makes one that is not connected yet. It is in a hurry where phoenix.js can wait for seconds.
  socket(path = "/socket", options = {}){
    const socket = new phoenix.Socket(this.url + path, {
      transport: this.longpoll ? (this.v1 ? LongPollV1 : LongPoll) : WebSocket,
      ...(this.v1 && v1),
      reconnectAfterMs: () => 20,
      rejoinAfterMs: () => 20,
      timeout: this.patience,
      logger: (kind, text, data) => this.log(() => `${kind}: ${text} ${inspect(data, {depth: 5, breakLength: Infinity})}`.slice(0, 500)),
      ...options
    })
    this.sockets.push(socket)
    return socket
  }

  // log keeps a line, and makes it only when a scenario has failed: that takes longer than all else here.
  log(line){
    this.trace.push(line)
    if(this.trace.length > 50){ this.trace.shift() }
  }

  // end ends what the scenario has opened: phoenix.js would connect again and again.
  end(){
    for(const socket of this.sockets){ socket.disconnect() }
  }

  // connect returns one that is connected.
  async connect(path, options){
    const socket = this.socket(path, options)
    const opened = new Inbox("the connection")
    const ref = socket.onOpen(opened.put)
    socket.connect()
    await opened.next()
    socket.off([ref])
    return socket
  }

  // ask has the server do something and returns what it says.
  async ask(action, {payload, ...params} = {}){
    const url = `${this.address}/${action}?${new URLSearchParams(params)}`
    const response = await fetch(url, {method: "POST", body: JSON.stringify(payload)})
    const text = await response.text()
    if(!response.ok){ throw new Error(`${action}: ${text}`) }
    return JSON.parse(text)
  }
}

// answer waits for the answer to a push: [status, response].
export function answer(push){
  const answers = new Inbox(`an answer to ${push.event}`)
  for(const status of ["ok", "error", "timeout"]){
    push.receive(status, response => answers.put([status, response]))
  }
  return answers.next()
}

// listen collects what a channel hears of an event.
export function listen(channel, event){
  const heard = new Inbox(event)
  channel.on(event, heard.put)
  return heard
}

// closes collects the close events of a socket.
export function closes(socket){
  const closed = new Inbox("the close")
  socket.onClose(closed.put)
  return closed
}

// cut breaks the connection of a socket, of which closed collects the closes. Between two polls there is nothing to
// break, so it is done again if nothing came of it.
export async function cut(world, closed){
  const close = closed.next()
  do { await world.ask("cut") } while(!await Promise.race([close, pause(500)]))
  return close
}

// joinAgain joins and collects the answers to this join and to those that phoenix.js repeats by itself.
export function joinAgain(channel){
  const joined = new Inbox(`the join of ${channel.topic}`)
  channel.join().receive("ok", joined.put)
  return joined
}

// join joins a topic and returns the channel.
export async function join(socket, topic, params){
  const channel = socket.channel(topic, params)
  await joinAgain(channel).next()
  return channel
}

// settled returns when the server has handled, and answered, all that was pushed before.
export async function settled(channel){
  const [status] = await answer(channel.push("done"))
  if(status !== "ok"){ throw new Error(`done: ${status}`) }
}
