package guide

// Where desktops put what is plugged in, and where people do by hand.
var drivePlaces = []string{"/run/media/*/*", "/media/*/*", "/media/*", "/mnt/*"}
