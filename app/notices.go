package main

import "roost/syncer"

// noticeText is what a notice says below its title: what happened, whether files are safe, and the next step.
func noticeText(n syncer.Notice) string {
	text := n.Text
	if n.Storage != "" {
		text = shown(n.Storage) + ": " + text
	}
	if n.Action == "" {
		return text
	}
	return text + "\n" + sentence(n.Action)
}
