package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"roost/syncer"
)

func setCommand() *command {
	return &command{
		name: "set", usage: []string{"[KEY [VALUE]]"}, most: 2, run: set,
		about: "the settings: how soon, how fast, when not",
		help: `Without KEY it lists the settings, with KEY it explains one, and with VALUE it changes that; the value default brings
the usual one back. What runs goes by it at once.

With --json: settings[] {key, value, default, values, about}.`,
	}
}

type settingsAnswer struct {
	Settings []settingJSON `json:"settings"`
	one      bool          // that was asked for by name
}

type settingJSON struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Values  string `json:"values"` // what may stand there, in words
	About   string `json:"about"`
}

func set(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		if len(c.rest) == 2 {
			value := c.rest[1]
			if value == "default" {
				value = ""
			} else if strings.TrimSpace(value) == "" { // an unset variable of a script, most likely
				return usage(c.command, "The value is empty. The usual one comes back with: roost set %s default", c.rest[0])
			}
			if err := e.Set(ctx, c.rest[0], value); err != nil {
				return err
			}
		}
		all, err := e.Settings(ctx)
		if err != nil {
			return err
		}
		if len(c.rest) > 0 {
			if all = slices.DeleteFunc(all, func(s syncer.Setting) bool { return s.Key != c.rest[0] }); len(all) == 0 {
				return usage(nil, "There is no setting %q. roost set lists all.", c.rest[0])
			}
		}
		list := settingsAnswer{Settings: []settingJSON{}, one: len(c.rest) > 0}
		for _, s := range all {
			list.Settings = append(list.Settings, settingJSON(s))
		}
		a = list
		return nil
	})
	return a, err
}

func (a settingsAnswer) people(w io.Writer) {
	if a.one {
		for _, s := range a.Settings {
			fmt.Fprintf(w, "%s is %s: %s.\nIt may be %s. It is %s unless it is set.\n", s.Key, s.Value, s.About, s.Values, s.Default)
		}
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range a.Settings {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Key, s.Value, s.About)
	}
	t.Flush() // w keeps its own errors
}
