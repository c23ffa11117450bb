package main

import (
	"slices"
	"strings"
)

// command is one verb, or one of a group of verbs ("folder add").
type command struct {
	name    string   // "backup", "folder add"
	usage   []string // what may follow the name, one line for each way to call it
	about   string   // its line in the list of verbs; "" within a group, and for one that stands on another's line
	beside  []string // other verbs on its line
	help    string   // paragraphs for `roost VERB --help`
	flags   []flag   // beside globalFlags
	ownHelp bool     // they are too many for the help of its group
	least   int      // arguments that are no flags
	most    int      // the same; -1: any number
	run     action
	subs    []*command // of a group, which has nothing else but a name and about
}

// commands lists every verb in the order of the help.
func commands() []*command {
	return []*command{
		setupCommand(), folderCommand(), backupCommand(), runCommand(), serviceCommand(), pauseCommand(), resumeCommand(),
		statusCommand(), activityCommand(), snapshotsCommand(), lsCommand(), findCommand(), restoreCommand(), verifyCommand(),
		keepCommand(), pruneCommand(), forgetCommand(), spaceCommand(), pinsCommand(), nodeCommand(), deviceCommand(), phraseCommand(), setCommand(),
		exportCommand(), importCommand(), demoCommand(), versionCommand(),
	}
}

// find looks a command up by the last word of its name.
func find(all []*command, word string) *command {
	i := slices.IndexFunc(all, func(c *command) bool { return c.word() == word })
	if i < 0 {
		return nil
	}
	return all[i]
}

// word is what a person types: "add" of "folder add".
func (c *command) word() string { return c.name[strings.LastIndexByte(c.name, ' ')+1:] }

func (c *command) subNames() []string {
	var names []string
	for _, sub := range c.subs {
		names = append(names, sub.word())
	}
	return names
}

// allFlags are the command's own, its group members' and the global ones. One flag means the same in a whole group.
func (c *command) allFlags() []flag {
	all := slices.Concat(globalFlags, c.flags)
	for _, sub := range c.subs {
		for _, f := range sub.flags {
			if !hasFlag(all, f.name) {
				all = append(all, f)
			}
		}
	}
	return all
}

// usageLines are complete: "roost folder add DIR…".
func (c *command) usageLines() []string {
	if c.subs != nil {
		var lines []string
		for _, sub := range c.subs {
			lines = append(lines, sub.usageLines()...)
		}
		return lines
	}
	if len(c.usage) == 0 {
		return []string{"roost " + c.name}
	}
	var lines []string
	for _, u := range c.usage {
		lines = append(lines, "roost "+c.name+" "+u)
	}
	return lines
}

// missing names the argument that should follow the first n.
func (c *command) missing(n int) string {
	if len(c.usage) > 0 {
		if words := strings.Fields(c.usage[0]); n < len(words) {
			return strings.Trim(words[n], "[]…")
		}
	}
	return "An argument"
}
