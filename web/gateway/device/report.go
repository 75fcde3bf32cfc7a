package device

import "slices"

// report keeps the last value of each variable that the device reports. It is not safe for
// concurrent use.
type report struct {
	variables []reported // at most MaxVariables, in the order in which the names came
	version   uint64     // of the last change
	confirmed uint64     // the server has read all changes up to this one
}

type reported struct {
	Variable
	version uint64 // of the last change
	pending bool   // not written to the present connection
}

// set keeps checked variables, all or none.
func (r *report) set(variables []Variable) error {
	names := make(map[string]bool) // that are new
	for _, v := range variables {
		if r.find(v.Name) == nil {
			names[v.Name] = true
		}
	}
	if len(r.variables)+len(names) > MaxVariables {
		return ErrTooManyVariables
	}
	for _, v := range variables {
		r.version++
		if at := r.find(v.Name); at != nil {
			*at = reported{v, r.version, true}
			continue
		}
		r.variables = append(r.variables, reported{v, r.version, true})
	}
	return nil
}

// find returns the variable of that name, or nil.
func (r *report) find(name string) *reported {
	i := slices.IndexFunc(r.variables, func(v reported) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &r.variables[i]
}

// takePending returns variables that are to be written, encoded, and marks them as written: at
// least one if there is any, then as many as fit into size bytes.
func (r *report) takePending(size int) (texts [][]byte) {
	for i := range r.variables {
		v := &r.variables[i]
		if !v.pending {
			continue
		}
		text := v.encode()
		if size -= len(text) + len(","); size < 0 && len(texts) > 0 {
			break
		}
		texts = append(texts, text)
		v.pending = false
	}
	return texts
}

// written is the version up to which all changes are written to the present connection.
func (r *report) written() uint64 {
	least := r.version
	for _, v := range r.variables {
		if v.pending {
			least = min(least, v.version-1)
		}
	}
	return least
}

// confirm notes that the server has read all changes up to a version.
func (r *report) confirm(version uint64) { r.confirmed = max(r.confirmed, version) }

// requeue makes all variables wait to be written, to the next connection.
func (r *report) requeue() {
	for i := range r.variables {
		r.variables[i].pending = true
	}
}
