"""The laws: one rule of real AWS a file, each a module-level `LAW`.

Files that start with an underscore are shared code.
A law is written from the AWS documentation, and never from what the product does.
"""
