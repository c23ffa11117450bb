package main

import "roost/syncer"

// noticeText is what a notice says below its title: what happened, whether files are safe, and the next step.
func noticeText(n syncer.Notice) string {
	if n.Action == "" {
		return n.Text
	}
	return n.Text + "\n" + sentence(n.Action)
}
