package channel

import "context"

// Go runs a task beside the channel's callbacks, in a goroutine of its own. The
// channel's fields are the callbacks' alone: a task answers by a [Ref], and hands
// over what it found by [Socket.Send].
//
// The task's context ends with the channel. A panic is logged and ends the channel,
// as one of a callback does. The socket's end waits for its tasks, and so does
// [Server.Drain]; Terminate does not.
//
// Go may be called from any goroutine, Join included, and returns at once:
// [ErrTooManyTasks] if the channel has as many as it may, the reason if it has ended.
// A HandleIn can return that error as it is:
//
//	return nil, s.Go(func(ctx context.Context) { m.Ref.Reply(search(ctx)) })
func (s *Socket) Go(task func(ctx context.Context)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		return s.reason
	}
	own := s.belongings()
	if own.tasks >= s.conn.srv.cfg.MaxTasks || !s.conn.beginTask() {
		return ErrTooManyTasks
	}
	own.tasks++
	ctx := s.taskContext()
	s.conn.actors.Go(func() { s.runTask(ctx, task) })
	return nil
}

func (s *Socket) runTask(ctx context.Context, task func(context.Context)) {
	defer s.endTask()
	if !s.protect("task", func() { task(ctx) }) {
		s.crash()
	}
}

func (s *Socket) endTask() {
	s.mu.Lock()
	s.own.tasks--
	s.mu.Unlock()
	s.conn.endTask()
}

// beginTask counts the tasks of the whole socket, so that joining and leaving is no
// way around the limit while tasks do not heed their context.
func (c *conn) beginTask() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasks >= c.srv.cfg.MaxTasks*c.srv.cfg.MaxChannels {
		return false
	}
	c.tasks++
	return true
}

func (c *conn) endTask() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tasks--
}
