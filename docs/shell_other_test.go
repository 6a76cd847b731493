//go:build !unix

package docs_test

import (
	"context"
	"os/exec"
)

// shell returns a command for bash, which is killed when ctx is done.
func shell(ctx context.Context, text string) *exec.Cmd {
	return exec.CommandContext(ctx, "bash", "-c", text)
}
