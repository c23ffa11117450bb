package syncer

import (
	"errors"
	"os"
	"path"
	"strings"

	"roost/syncer/disk"
	"roost/syncer/ignore"
)

// Why is what kind of reason there is for a file not to be saved: what helps hangs on it.
type Why int

// The kinds of reasons.
const (
	WhyOther      Why = iota // the reason's own words have to do
	WhyPermission            // this computer does not let Roost read it
	WhyGone                  // it was deleted or moved meanwhile
	WhyChanging              // it was written to all the time
	WhyInUse                 // a database that another program held; its copy may mix two states
	WhyUnreadable            // the disk or the system failed to read it
	WhySpecial               // a pipe, a socket or a device: nothing that can be kept
	WhyOwn                   // it belongs to Roost
	WhyTooDeep               // folders inside folders inside folders
	WhyRules                 // what is wrong with a file of rules
	WhyAttributes            // it is saved, without some of its attributes
	WhyReplaced              // it became another kind of thing meanwhile
	WhyNotHeld               // of what lies open on a storage: that lacks it, or has it damaged
	WhyTwice                 // of what lies open on a storage: two have one name
	WhyNoFile                // of what lies open on a storage: it is data, but no file, folder or link
)

// The reasons, as versions and activities hold them.
const (
	reasonPermission = "no permission to read it"
	reasonGone       = "it is not there any more"
	reasonReplaced   = "it became something else while it was saved"
	reasonNoFolder   = "it is not a folder any more"
	reasonUnreadable = "it could not be read: "
	reasonAttributes = "some of its attributes could not be read"
	reasonOwn        = "Roost's own files"
	reasonTooDeep    = "folders are nested too deep"
	reasonInUse      = "database busy, copied while in use"

	reasonMixed = "; what was saved may mix two states"
	reasonOld   = "; the last saved state is kept"
)

// reason says in a person's words why a file could not be read.
func reason(err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return reasonPermission
	case errors.Is(err, os.ErrNotExist):
		return reasonGone
	case errors.Is(err, disk.ErrNotRegular):
		return reasonReplaced
	case errors.Is(err, disk.ErrNotDir):
		return reasonNoFolder
	default:
		return reasonUnreadable + rootCause(err).Error()
	}
}

// whys are the kinds of the reasons that begin like that.
var whys = []struct {
	begins string
	why    Why
}{
	{reasonPermission, WhyPermission},
	{reasonGone, WhyGone},
	{reasonReplaced, WhyReplaced},
	{reasonNoFolder, WhyReplaced},
	{reasonNotThere, WhyNotHeld},
	{reasonDamagedThere, WhyNotHeld},
	{reasonUnreadable, WhyUnreadable},
	{reasonAttributes, WhyAttributes},
	{reasonOwn, WhyOwn},
	{reasonTooDeep, WhyTooDeep},
	{reasonTwice, WhyTwice},
	{reasonNoFile, WhyNoFile},
	{reasonInUse, WhyInUse},
	{errChanging.Error(), WhyChanging},
	{disk.Other.String(), WhySpecial},
	{"named pipe", WhySpecial},
	{"socket", WhySpecial},
	{"device", WhySpecial},
	{"junction", WhySpecial},
}

// Why tells the kind of a reason, and whether the last saved state of the file is in the version instead.
func (s Skipped) Why() (why Why, old bool) {
	text, old := strings.CutSuffix(s.Reason, reasonOld)
	for _, x := range whys {
		if strings.HasPrefix(text, x.begins) {
			return x.why, old
		}
	}
	if s.isRules() {
		return WhyRules, old
	}
	return WhyOther, old
}

// isRules tells a line of a .roostignore that makes no sense from the file itself not being saved.
func (s Skipped) isRules() bool {
	return path.Base(s.Path) == ignore.FileName && strings.HasPrefix(s.Reason, s.Path)
}
