"""Workloads that the lab puts into its source account by plain boto3 calls; nothing here knows the product."""
