//go:build !linux

package host

import "context"

// metered is not known: Windows tells by COM (INetworkCostManager), macOS by its Network framework, and neither is to be
// had without much of either.
func metered(context.Context) Answer { return Unknown }
