package fleet

import (
	"errors"

	"sneakers23/app/devices"
	"sneakers23/replication/presence"
)

// sentence is an error whose text is for people.
type sentence string

func (s sentence) Error() string { return string(s) }

// Words returns what an admin reads of an error of package devices. It reports whether the error is
// one that the admin can do something about.
func Words(err error) (text string, known bool) {
	var own sentence
	switch {
	case errors.As(err, &own):
		return string(own), true
	case errors.Is(err, devices.ErrNameTaken):
		return "A device of this name exists. Choose another name, or revoke that device's key first.", true
	case errors.Is(err, devices.ErrBadName):
		return "A name has 1 to 64 printable characters, and no space at either end.", true
	case errors.Is(err, devices.ErrNoSuchDevice):
		return "There is no such device any more. Reload the page.", true
	case errors.Is(err, devices.ErrRevoked):
		return "The key of this device was revoked.", true
	case errors.Is(err, devices.ErrNotWanted):
		return "No change of this variable is pending any more: the device has reported it, or the change was withdrawn.", true
	case errors.Is(err, devices.ErrTooManyVariables):
		return "A device has at most 256 variables.", true
	case errors.Is(err, devices.ErrSearchTooLong):
		return "The search took too long. Choose one device, a shorter time or a rarer word.", true
	case errors.Is(err, devices.ErrNoWords):
		return "The search text contains no word.", true
	case errors.Is(err, devices.ErrBadQuery), errors.Is(err, devices.ErrBadMark):
		return "This search is not possible: its text is too long, or one of its settings is unknown.", true
	case errors.Is(err, presence.ErrBusy), errors.Is(err, presence.ErrStopped):
		return "This node does not know which devices are connected at the moment. Try again.", false
	}
	return "The database does not answer. Try again in a moment.", false
}
