package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

func (r account) Settings(ctx context.Context, _ *model.Account) (*model.ProjectSettings, error) {
	return r.Upstream.Settings(ctx, scope(ctx, ""))
}
