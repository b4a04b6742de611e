import tseslint from 'typescript-eslint';

export default tseslint.config(
  // AssemblyScript (*.as.ts) has other types; its compiler looks at it.
  { ignores: ['node_modules/', '.perennial/', '.cache/', 'test/golden/', 'test/histories/', '**/*.as.ts'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Interfaces of the store and of activities are async even where one implementation needs no await.
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
    },
  },
  { files: ['client/**', 'bench/**', 'examples/**', 'embedded/**'], rules: { 'no-console': 'off' } },
);
