package cluster

// Kill ends the node as kill -9 does, without a goodbye. Its owner still calls Stop.
func (n *Node) Kill() {
	n.mu.Lock()
	n.joined = false // it sends no status any more
	n.mu.Unlock()
	n.conn.Close()
	n.local.Close()
	n.server.Shutdown()
	n.server.WaitForShutdown()
}
