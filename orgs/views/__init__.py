"""The pages of organizations, a module for each noun. What a member needs for a page stands in its
@requires, nowhere else."""
