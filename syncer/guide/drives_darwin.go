package guide

// Where macOS puts what is plugged in; its own disk is a link there.
var drivePlaces = []string{"/Volumes/*"}
