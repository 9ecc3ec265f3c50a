"""The task functions of a flow."""
