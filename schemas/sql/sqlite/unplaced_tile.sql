-- The nodes of the tree of heads of centre $1 that are not in their places yet, in one row; none if all are. $2: the level at which it stands.
SELECT nodes FROM head_nodes WHERE centre = $1 AND level = $2 AND number = 0 AND length(nodes) > 0;
